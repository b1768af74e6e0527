#include "app/cli_manual.hpp"

#include <CLI/CLI.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/version.hpp"
#include "base/strings.hpp"

namespace weir::app {
namespace {

/// One flag as a shell sees it.
struct flag {
    std::vector<std::string> names;  ///< with their dashes
    std::string help;
    std::string type;                ///< empty: takes no value
    std::vector<std::string> words;  ///< the closed set of its values, if it has one
};

std::vector<flag> flags_of(const CLI::App& app) {
    std::vector<flag> out;
    for (const auto* option : app.get_options()) {
        if (option->get_positional()) continue;
        flag f;
        for (const auto& n : option->get_snames()) f.names.push_back("-" + n);
        for (const auto& n : option->get_lnames()) f.names.push_back("--" + n);
        f.help = option->get_description();
        if (option->get_expected_max() > 0) f.type = option->get_type_name();
        if (f.type.find('|') != std::string::npos && f.type.find("PATH") == std::string::npos) {
            for (const auto word : split(f.type, '|')) f.words.emplace_back(word);
        }
        out.push_back(std::move(f));
    }
    return out;
}

bool takes_path(const flag& f) {
    return f.type.find("PATH") != std::string::npos || f.type == "FILE";
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
    std::string out;
    for (const auto& p : parts) out += (out.empty() ? "" : std::string(between)) + p;
    return out;
}

std::string without_quotes(std::string text) {
    std::erase(text, '\'');
    return text;
}

std::string bash_script(const CLI::App& root) {
    std::string commands;
    std::string cases;
    for (const auto* app : root.get_subcommands({})) {
        commands += (commands.empty() ? "" : " ") + app->get_name();
        std::string names;
        std::string values;
        for (const auto& f : flags_of(*app)) {
            names += (names.empty() ? "" : " ") + join(f.names, " ");
            if (f.type.empty()) continue;
            values += "            " + join(f.names, "|") + ") ";
            if (!f.words.empty()) {
                values += "COMPREPLY=($(compgen -W '" + join(f.words, " ") + "' -- \"$cur\"))";
            } else if (takes_path(f)) {
                values += "COMPREPLY=($(compgen -f -- \"$cur\"))";
            }
            values += values.ends_with(") ") ? "return ;;\n" : "; return ;;\n";
        }
        if (app->get_name() == "completion") names = "bash zsh fish";
        cases += "    " + app->get_name() + ")\n";
        if (!values.empty()) cases += "        case \"$prev\" in\n" + values + "        esac\n";
        cases += "        COMPREPLY=($(compgen -W '" + names + "' -- \"$cur\")) ;;\n";
    }
    return "# bash completion of weir\n"
           "_weir() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        COMPREPLY=($(compgen -W '" +
           commands +
           "' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case \"${COMP_WORDS[1]}\" in\n" +
           cases +
           "    esac\n"
           "}\n"
           "complete -o filenames -F _weir weir\n";
}

std::string zsh_script(const CLI::App& root) {
    std::string commands;
    std::string cases;
    for (const auto* app : root.get_subcommands({})) {
        commands +=
            "        '" + app->get_name() + ":" + without_quotes(app->get_description()) + "'\n";
        cases += "    " + app->get_name() + ") _arguments";
        for (const auto& f : flags_of(*app)) {
            for (const auto& name : f.names) {
                auto help = without_quotes(f.help);
                std::erase_if(help, [](char c) { return c == '[' || c == ']' || c == ':'; });
                cases += " \\\n        '*" + name + "[" + help + "]";
                if (!f.words.empty()) cases += ":value:(" + join(f.words, " ") + ")";
                if (f.words.empty() && takes_path(f)) cases += ":file:_files";
                if (f.words.empty() && !takes_path(f) && !f.type.empty()) cases += ":value: ";
                cases += "'";
            }
        }
        if (app->get_name() == "completion") cases += " '1:shell:(bash zsh fish)'";
        cases += " ;;\n";
    }
    return "#compdef weir\n"
           "_weir() {\n"
           "    local -a commands=(\n" +
           commands +
           "    )\n"
           "    if (( CURRENT == 2 )); then\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    shift words\n"
           "    (( --CURRENT ))\n"
           "    case \"$command\" in\n" +
           cases +
           "    esac\n"
           "}\n"
           // As a file of $fpath its text is the function itself; sourced, it has to be announced.
           "if [[ \"$funcstack[1]\" == _weir ]]; then\n"
           "    _weir \"$@\"\n"
           "else\n"
           "    compdef _weir weir\n"
           "fi\n";
}

std::string fish_script(const CLI::App& root) {
    std::string out = "# fish completion of weir\ncomplete -c weir -f\n";
    for (const auto* app : root.get_subcommands({})) {
        out += "complete -c weir -n __fish_use_subcommand -a " + app->get_name() + " -d '" +
               without_quotes(app->get_description()) + "'\n";
        for (const auto& f : flags_of(*app)) {
            out += "complete -c weir -n '__fish_seen_subcommand_from " + app->get_name() + "'";
            for (const auto& name : f.names) {
                out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            }
            if (!f.words.empty()) out += " -x -a '" + join(f.words, " ") + "'";
            if (f.words.empty() && !f.type.empty()) out += takes_path(f) ? " -r -F" : " -x";
            out += " -d '" + without_quotes(f.help) + "'\n";
        }
    }
    return out +
           "complete -c weir -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
}

/// Text for troff: a dash stays a dash, and no line is read as a request.
std::string troff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '-') out += '\\';
        if (c == '\\') out += "\\e";
        if (c != '\\') out += c;
    }
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

std::string manual_of(const CLI::App& app) {
    std::string out = ".SS weir " + app.get_name() + "\n" + troff(app.get_description()) + ".\n";
    for (const auto* option : app.get_options()) {
        if (option->get_name() == "--help" || option->get_name() == "-h,--help") continue;
        std::vector<std::string> names;
        for (const auto& n : option->get_snames()) names.push_back("\\fB\\-" + troff(n) + "\\fR");
        for (const auto& n : option->get_lnames())
            names.push_back("\\fB\\-\\-" + troff(n) + "\\fR");
        if (names.empty()) names.push_back("\\fI" + troff(option->get_name()) + "\\fR");
        out += ".TP\n" + join(names, ", ");
        if (option->get_expected_max() > 0 && !option->get_lnames().empty())
            out += " \\fI" + troff(option->get_type_name()) + "\\fR";
        out += "\n" + troff(option->get_description()) + ".\n";
        if (!option->get_default_str().empty())
            out += "Default: " + troff(option->get_default_str()) + ".\n";
        if (!option->get_envname().empty())
            out += "Environment: \\fB" + option->get_envname() + "\\fR.\n";
    }
    return out;
}

/// A section of names and what they mean.
std::string list_of(const std::string& title,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
    auto out = ".SH " + title + "\n";
    for (const auto& [name, meaning] : entries)
        out += ".TP\n" + troff(name) + "\n" + troff(meaning) + "\n";
    return out;
}

}  // namespace

std::string completion_script(const CLI::App& root, const std::string& shell) {
    if (shell == "zsh") return zsh_script(root);
    if (shell == "fish") return fish_script(root);
    return bash_script(root);
}

std::string manual_page(const CLI::App& root) {
    std::string out = std::string(".TH WEIR 1 \"\" \"weir ") + version + "\" \"User Commands\"\n";
    out += ".SH NAME\nweir \\- reverse proxy for LLM inference\n";
    out += ".SH SYNOPSIS\n\\fBweir\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n";
    out += ".SH DESCRIPTION\n" + troff(root.get_description()) + "\n.SH COMMANDS\n";
    for (const auto* app : root.get_subcommands({})) out += manual_of(*app);
    out += list_of("SIGNALS", {{"SIGTERM, SIGINT, SIGQUIT",
                                "Accept no more and let what is under way finish, then leave; a "
                                "second one leaves at once, with 128 and the signal's number."},
                               {"SIGHUP", "Load the configuration again."},
                               {"SIGUSR1", "Open the access log again."},
                               {"SIGUSR2", "Nothing but a line in the log."}});
    out += list_of(
        "ENVIRONMENT",
        {{"WEIR_...", "The flags, as listed above; the command line wins."},
         {"SD_QUEUE_DEPTH_THRESHOLD, SD_KV_CACHE_UTIL_THRESHOLD, SD_METRICS_STALENESS_THRESHOLD",
          "Thresholds of the default saturation detector."},
         {"NO_COLOR", "Set and not empty: findings without colours."},
         {"NOTIFY_SOCKET", "Set by a service manager that waits to be told of readiness."}});
    out += list_of("EXIT STATUS", {{"0", "done"},
                                   {"1", "failed while running"},
                                   {"2", "wrong usage"},
                                   {"3", "warnings only, with check --strict"},
                                   {"4", "the configuration is invalid"},
                                   {"5", "valid, but nothing to serve"},
                                   {"6", "cannot bind"}});
    return out;
}

}  // namespace weir::app
