#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

#include "app/cli_manual.hpp"
#include "base/strings.hpp"

namespace weir::app {
namespace {

constexpr std::size_t page_width = 80;
constexpr std::size_t text_column = 30;

/// `text` from `text_column` on, broken between words, behind a title of `title` columns.
std::string in_column(std::string_view text, std::size_t title) {
    const std::string indent(text_column, ' ');
    std::string out =
        title < text_column - 1 ? std::string(text_column - title, ' ') : '\n' + indent;
    std::size_t at = text_column;
    for (const auto word : split(text, ' ')) {
        const bool first = at == text_column;
        if (!first && at + 1 + word.size() > page_width) {
            out += '\n' + indent;
            at = text_column;
        } else if (!first) {
            out += ' ';
            ++at;
        }
        out += word;
        at += word.size();
    }
    return out;
}

std::string entry(const std::string& name, std::string_view text) {
    const auto line = "  " + name;
    return line + in_column(text, line.size()) + "\n";
}

/// `-f, --filename PATH`, `--[no-]expose-routing`, or the name of a positional.
std::string title_of(const CLI::Option& option) {
    if (option.get_positional()) return option.get_type_name();
    std::string out;
    for (const auto& n : option.get_snames()) out += "-" + n + ", ";
    const auto& names = option.get_lnames();
    const bool negatable = names.size() == 2 && names[1] == "no-" + names[0];
    out += negatable ? "--[no-]" + names[0] : "--" + names[0];
    return option.get_expected_max() > 0 ? out + " " + option.get_type_name() : out;
}

/// What it means, its default and its variable.
std::string meaning_of(const CLI::Option& option) {
    std::string more;
    if (!option.get_default_str().empty()) more = "default " + option.get_default_str();
    if (!option.get_envname().empty()) more += (more.empty() ? "" : ", ") + option.get_envname();
    return option.get_description() + (more.empty() ? "" : " [" + more + "]");
}

std::string commands_of(const CLI::App& root) {
    std::string out = "\nCommands:\n";
    for (const auto* command : root.get_subcommands({}))
        out += entry(command->get_name(), command->get_description());
    return out;
}

std::string options_of(const CLI::App& app) {
    std::string out;
    for (const auto& group : app.get_groups()) {
        std::string entries;
        for (const auto* option : app.get_options()) {
            if (option->get_group() == group)
                entries += entry(title_of(*option), meaning_of(*option));
        }
        if (!entries.empty()) out += "\n" + group + ":\n" + entries;
    }
    return out;
}

/// `weir explain [OPTIONS] [REQUEST-ID]`.
std::string usage_of(const CLI::App& app) {
    std::string out = "weir " + app.get_name() + " [OPTIONS]";
    for (const auto* option : app.get_options()) {
        if (!option->get_positional()) continue;
        const auto& name = option->get_type_name();
        out += option->get_required() ? " " + name : " [" + name + "]";
    }
    return out;
}

}  // namespace

std::string help_page(const CLI::App& app, bool is_root) {
    std::string out = app.get_description() + ".\n\nUsage: ";
    out += is_root ? "weir COMMAND [OPTIONS]" : usage_of(app);
    out += "\n";
    if (!app.get_footer().empty()) out += "\n" + app.get_footer() + "\n";
    return out + (is_root ? commands_of(app) : std::string()) + options_of(app);
}

}  // namespace weir::app
