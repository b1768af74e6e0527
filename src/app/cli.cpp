#include "app/cli.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "app/cli_manual.hpp"
#include "app/cli_options.hpp"
#include "app/descriptors.hpp"
#include "app/options.hpp"
#include "base/strings.hpp"

namespace weir::app {
namespace {

std::string is_shell(const std::string& text) {
    const bool known = text == "bash" || text == "zsh" || text == "fish";
    return known ? std::string() : "'" + text + "' is not one of bash, zsh, fish";
}

/// The whole command table, and what each command will be told. Help, completion and the manual
/// page are made from it.
struct command_table {
    CLI::App root{"A standalone HTTP reverse proxy for LLM inference", "weir"};
    serve_options serve;
    serve_options demo;
    sim_command_options sim;
    check_options check;
    explain_options explain;
    std::string shell;
    std::string topic;

    command_table() {
        demo.expose_routing = true;
        demo.demo_endpoints = 3;
        root.require_subcommand(1);
        root.set_version_flag("-V,--version", "", "Version and build");
        root.set_help_flag("-h,--help", "This page; weir COMMAND --help lists a command's flags");
        auto* a = add("serve", "The gateway");
        add_serve_options(*a, serve);
        a->footer(
            "Examples:\n"
            "  weir serve --endpoint http://127.0.0.1:8000 --endpoint http://127.0.0.1:8001\n"
            "  weir serve -f manifests/ --port-map 80=8080");
        a = add("demo", "Gateway, simulated model servers and dashboard; no file needed");
        add_demo_options(*a, demo);
        a->footer("Examples:\n  weir demo\n  weir demo --endpoints 8 -v 3");
        a = add("sim", "Simulated model servers alone");
        add_sim_options(*a, sim);
        a->footer("Example:\n  weir sim --listen 127.0.0.1:8000 --listen 127.0.0.1:8001");
        a = add("check", "Checks manifests and prints every finding");
        add_check_options(*a, check);
        a->footer("Examples:\n  weir check -f manifests/\n  weir check --explain WEIR0203");
        a = add("explain", "Why this endpoint: for a past request, or dry for a given one");
        add_explain_options(*a, explain);
        a->footer(
            "Examples:\n"
            "  weir explain 3fb02e4c-aeaf-4bec-8a2d-37631dfca007\n"
            "  weir explain -f manifests/ --request body.json");
        add("version", "Version and build");
        a = add("completion", "Completion script of a shell: bash, zsh or fish");
        a->add_option("shell", shell, "bash, zsh or fish")
            ->required()
            ->check(is_shell)
            ->type_name("SHELL");
        a->footer("Example:\n  source <(weir completion bash)");
        a = add("man", "The manual page, in man(7) format");
        a->footer("Example:\n  weir man | man -l -");
        a = add("help", "Help of weir, or of one command");
        a->add_option("command", topic, "The command")->type_name("COMMAND");
    }

    CLI::App* add(const std::string& name, const std::string& what) {
        auto* app = root.add_subcommand(name, what);
        app->set_help_flag("-h,--help", "This page");
        return app;
    }
    CLI::App* find(std::string_view name) {
        for (auto* app : root.get_subcommands({})) {
            if (app->get_name() == name) return app;
        }
        return nullptr;
    }
};

bool is_help(const std::string& argument) { return argument == "-h" || argument == "--help"; }
bool is_version(const std::string& argument) { return argument == "-V" || argument == "--version"; }

/// Help of one command; without a name, of weir.
int run_help(command_table& t, const std::string& topic) {
    auto* app = topic.empty() ? &t.root : t.find(topic);
    if (app == nullptr) {
        std::fprintf(stderr, "weir: there is no command '%s' (weir --help)\n", topic.c_str());
        return exit_usage;
    }
    for (auto* command : t.root.get_subcommands({})) name_environment(*command);
    std::fputs(help_page(*app, app == &t.root).c_str(), stdout);
    return exit_ok;
}

int run(command_table& t) {
    for (auto* app : t.root.get_subcommands({})) name_environment(*app);
    const auto name = t.root.get_subcommands().front()->get_name();
    if (name == "serve") return run_serve(t.serve);
    if (name == "demo") return run_demo(t.demo);
    if (name == "sim") return run_sim(t.sim);
    if (name == "check") return run_check(t.check);
    if (name == "explain") return run_explain(t.explain);
    if (name == "version") return run_version();
    if (name == "completion") std::fputs(completion_script(t.root, t.shell).c_str(), stdout);
    if (name == "man") std::fputs(manual_page(t.root).c_str(), stdout);
    return name == "help" ? run_help(t, t.topic) : exit_ok;
}

std::vector<std::string> flag_names(const CLI::App& app) {
    std::vector<std::string> out;
    for (const auto* option : app.get_options()) {
        for (const auto& n : option->get_lnames()) out.push_back("--" + n);
    }
    return out;
}

/// `; did you mean X?` where a name is near, else nothing.
std::string near_to(std::string_view word, const std::vector<std::string>& names) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto close = nearest(word, views);
    return close.empty() ? std::string() : "; did you mean " + std::string(close) + "?";
}

bool is_given(const CLI::Option& option, const std::vector<std::string>& args) {
    const auto is_this = [&option](const std::string& arg) {
        const auto word = arg.substr(0, arg.find('='));
        for (const auto& n : option.get_lnames()) {
            if (word == "--" + n) return true;
        }
        for (const auto& n : option.get_snames()) {
            if (word.starts_with("-" + n)) return true;
        }
        return false;
    };
    return std::any_of(args.begin(), args.end(), is_this);
}

/// CLI11 takes a variable as one value; of a flag that may be repeated it is a list with commas.
void spread_lists(const CLI::App& app, std::vector<std::string>& args) {
    std::vector<std::string> more;
    for (const auto* option : app.get_options()) {
        const bool repeatable =
            option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
        if (!repeatable || option->get_envname().empty()) continue;
        const char* value = std::getenv(option->get_envname().c_str());
        if (value == nullptr || *value == '\0' || is_given(*option, args)) continue;
        for (const auto part : split(value, ',')) {
            more.push_back("--" + option->get_lnames().front() + "=" + std::string(trim(part)));
        }
    }
    args.insert(args.end(), more.begin(), more.end());
}

/// In a container the environment says what is served; to ask about a past request is then no
/// question to that configuration.
void forget_environment(const CLI::App& app, const std::vector<std::string>& typed,
                        explain_options& explain) {
    if (explain.request_id.empty()) return;
    for (const auto* name : {"--filename", "--endpoint", "--endpoints-file"}) {
        if (is_given(*app.get_option(name), typed)) return;
    }
    explain.load = {};
}

/// The first argument that the command does not know, and the nearest flag; a path alone was meant
/// for -f.
std::string describe_extra(const CLI::App& app, const std::vector<std::string>& args) {
    const auto names = flag_names(app);
    for (const auto& arg : args) {
        const auto word = arg.substr(0, arg.find('='));
        if (!word.starts_with("--") || word == "--") continue;
        if (std::find(names.begin(), names.end(), word) == names.end())
            return "there is no flag " + word + near_to(word, names);
    }
    const auto extra = app.remaining();
    const auto is_word = [](const std::string& text) { return !text.empty() && text != "--"; };
    const auto at = std::find_if(extra.begin(), extra.end(), is_word);
    const auto word = at == extra.end() ? args.back() : *at;
    const bool takes_files = std::find(names.begin(), names.end(), "--filename") != names.end();
    std::error_code unseen;
    const bool is_path = takes_files && std::filesystem::exists(word, unseen);
    return "'" + word + "' was not expected" + (is_path ? "; did you mean -f " + word + "?" : "");
}

/// What stands where a command should: a flag before it, or a word that is none.
std::string describe_unknown(const CLI::App& root, const std::string& word) {
    if (word.starts_with('-')) return "a command comes before its flags: weir COMMAND " + word;
    std::vector<std::string> names;
    for (const auto* app : root.get_subcommands({})) names.push_back(app->get_name());
    return "there is no command '" + word + "'" + near_to(word, names);
}

/// CLI11's words for a missing or a second value, in weir's.
std::string describe_count(const CLI::ArgumentMismatch& e, const CLI::App& app) {
    const std::string said = e.what();
    for (const auto* option : app.get_options()) {
        if (option->get_lnames().empty()) continue;
        const auto name = "--" + option->get_lnames().front();
        if (!said.starts_with(name + ":")) continue;
        if (said.find("At Most") != std::string::npos)
            return name + ": given twice, takes one value";
        return name + ": a value is missing: " + option->get_type_name();
    }
    return said;
}

/// CLI11's `name is required`: only what is no flag is.
std::string describe_missing(const CLI::App& app, const std::string& said) {
    for (const auto* option : app.get_options()) {
        if (option->get_required()) return "a value is missing: " + option->get_type_name();
    }
    return said;
}

/// CLI11's `Could not convert: --name = value`: only flags are converted by it.
std::string describe_conversion(const std::string& said) {
    constexpr std::string_view before = "Could not convert: ";
    const auto at = said.find(" = ");
    if (!said.starts_with(before) || at == std::string::npos) return said;
    return said.substr(before.size(), at - before.size()) + ": '" + said.substr(at + 3) +
           "' is not true or false";
}

/// What a wrong argument is; of one that came from the environment, its variable too.
std::string describe(const CLI::ParseError& e, const CLI::App& app,
                     const std::vector<std::string>& args) {
    if (dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr) return describe_extra(app, args);
    if (const auto* count = dynamic_cast<const CLI::ArgumentMismatch*>(&e))
        return describe_count(*count, app);
    std::string line = e.what();
    if (dynamic_cast<const CLI::RequiredError*>(&e) != nullptr) return describe_missing(app, line);
    if (dynamic_cast<const CLI::ConversionError*>(&e) != nullptr) line = describe_conversion(line);
    for (const auto* option : app.get_options()) {
        if (option->get_lnames().empty() || option->get_envname().empty()) continue;
        const auto name = "--" + option->get_lnames().front();
        const bool about = line.starts_with(name + ":") || line.ends_with(name) ||
                           line.find(name + " ") != std::string::npos;
        if (about && !is_given(*option, args)) line += " (from " + option->get_envname() + ")";
    }
    return line;
}

int usage(const std::string& what, const std::string& command) {
    std::fprintf(stderr, "weir: %s (weir %s%s--help)\n", what.c_str(), command.c_str(),
                 command.empty() ? "" : " ");
    return exit_usage;
}

/// What was printed is the result of a command: a full disk or a closed stdout is a failure.
int with_output_written(int code) {
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (written || code != exit_ok) return code;
    std::fprintf(stderr, "weir: cannot write to standard output: %s\n", std::strerror(errno));
    return exit_failed;
}

/// `-v=2`, as Go's programs take it: CLI11 would read `=2`.
void drop_equals(std::vector<std::string>& args) {
    for (auto& arg : args) {
        if (arg.size() > 3 && arg[0] == '-' && arg[1] != '-' && arg[2] == '=') arg.erase(2, 1);
    }
}

int parse_and_run(int argc, char** argv) {
    command_table table;
    auto& root = table.root;
    std::vector<std::string> args(argv + 1, argv + argc);
    drop_equals(args);
    if (args.empty()) return usage("a command is missing: serve, demo, sim, check, explain", "");
    if (is_version(args.front())) args.front() = "version";
    if (is_help(args.front())) return run_help(table, args.size() > 1 ? args[1] : "");
    auto* chosen = table.find(args.front());
    if (chosen == nullptr) return usage(describe_unknown(root, args.front()), "");
    // Before anything is read: a wrong variable must not hide the help that explains it.
    if (std::any_of(args.begin(), args.end(), is_help)) return run_help(table, chosen->get_name());
    const auto typed = args;
    // Of the chosen command only: CLI11 reads the variables of all that have them.
    name_environment(*chosen);
    spread_lists(*chosen, args);
    try {
        auto reversed = args;  // CLI11 takes a vector from its end
        std::reverse(reversed.begin(), reversed.end());
        root.parse(reversed);
    } catch (const CLI::ParseError& e) {
        return usage(describe(e, *chosen, typed), chosen->get_name());
    }
    if (chosen->get_name() == "explain") forget_environment(*chosen, typed, table.explain);
    return run(table);
}

}  // namespace

int run_command_line(int argc, char** argv) {
    keep_standard_descriptors();
    widen_descriptor_table();
    try {
        return with_output_written(parse_and_run(argc, argv));
    } catch (const std::system_error& e) {
        std::fprintf(stderr, "weir: %s\n", e.what());
        return exit_failed;
    }
}

}  // namespace weir::app
