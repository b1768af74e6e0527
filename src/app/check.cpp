#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/banner.hpp"
#include "app/options.hpp"
#include "app/wiring.hpp"
#include "base/strings.hpp"
#include "config/codes.hpp"
#include "config/conditions.hpp"
#include "config/load.hpp"

namespace weir::app {
namespace {

/// Each resource with its conditions, one line a condition.
void print_statuses(const std::vector<config::resource_status>& statuses) {
    for (const auto& s : statuses) {
        const auto id = s.name_space.empty() ? s.name : s.name_space + "/" + s.name;
        std::printf("%s %s\n", s.kind.c_str(), id.c_str());
        config::each_condition(s, [](std::string_view of, const config::condition& c) {
            std::string line = "  " + std::string(of) + (of.empty() ? "" : ": ");
            line.append(c.type).append(c.status ? "=True  " : "=False  ").append(c.reason);
            if (!c.message.empty()) line += "  " + c.message;
            std::puts(line.c_str());
        });
    }
}

/// Findings and conditions in the chosen encoding; GitHub has no place for conditions.
void print_report(const std::string& format, const config::findings& found,
                  const std::vector<config::resource_status>& statuses) {
    if (format == "json") {
        json_writer json;
        json.begin_object();
        config::write_findings(json, found);
        json.key("status");
        config::write_status_list(json, statuses);
        std::printf("%s\n", json.end_object().take().c_str());
        return;
    }
    if (format == "github") {
        std::fputs(config::render_github(found).c_str(), stdout);
        return;
    }
    const auto text = config::render_text(found, takes_colour(STDOUT_FILENO));
    std::fputs(text.c_str(), stdout);
    if (!text.empty() && !statuses.empty()) std::fputs("\n", stdout);
    print_statuses(statuses);
}

void print_skipped(const std::vector<std::string>& skipped) {
    std::string list;
    for (const auto& s : skipped) list += (list.empty() ? "" : ", ") + s;
    if (!list.empty())
        std::fprintf(stderr, "kinds that weir does not read were skipped: %s\n", list.c_str());
}

int exit_code_of(const config::load_result& loaded, bool strict) {
    const auto& found = loaded.found;
    if (found.has_errors()) return exit_invalid;
    if (strict && found.count(config::severity::warning) != 0) return exit_warnings;
    if (loaded.value->listeners.empty() && loaded.value->missing_pool.empty()) {
        std::fprintf(stderr, "weir: valid, but serves nothing: no listener would exist\n");
        return exit_nothing_to_serve;
    }
    return exit_ok;
}

void print_indented(std::string_view lines) {
    for (const auto line : split(lines, '\n')) std::printf("    %s\n", std::string(line).c_str());
}

void print_code(const config::code_info& info) {
    std::printf("%s: %s\n\n%s\n", std::string(info.code).c_str(), std::string(info.title).c_str(),
                std::string(info.text).c_str());
    const auto example = config::example_of(info.code);
    std::printf("\nInstead of\n\n");
    print_indented(example.wrong);
    std::printf("\nwrite\n\n");
    print_indented(example.right);
}

int explain_code(const std::string& code) {
    if (code == "all") {
        const auto codes = config::all_codes();
        for (const auto& info : codes) {
            print_code(info);
            if (&info != &codes.back()) std::printf("\n");
        }
        return exit_ok;
    }
    const auto* info = config::find_code(code);
    if (info == nullptr) {
        std::fprintf(stderr, "weir: there is no finding %s (weir check --explain all)\n",
                     code.c_str());
        return exit_usage;
    }
    print_code(*info);
    return exit_ok;
}

}  // namespace

int run_check(const check_options& options) {
    if (!options.explain_code.empty()) return explain_code(options.explain_code);
    const auto& l = options.load;
    if (l.filenames.empty() && l.endpoints.empty() && l.endpoints_files.empty() &&
        l.config_file.empty() && l.config_text.empty()) {
        std::fprintf(stderr, "weir: nothing to check: give manifests with -f PATH\n");
        return exit_usage;
    }
    if (!load_plugins(options.plugins)) return exit_invalid;
    auto load = options.load;
    load.refresh_metrics_interval = options.refresh;
    load.effective = false;
    auto loaded = config::load(load);
    if (!loaded.usage_error.empty()) {
        std::fprintf(stderr, "weir: %s\n", loaded.usage_error.c_str());
        return exit_usage;
    }
    check_parts(*loaded.value, options.preset, loaded.found, load.pipes);
    const auto& found = loaded.found;
    print_report(options.format, found, loaded.value->statuses);
    std::fflush(stdout);
    const auto errors = found.count(config::severity::error);
    const auto warnings = found.count(config::severity::warning);
    std::fprintf(stderr, "%zu %s, %zu %s\n", errors, errors == 1 ? "error" : "errors", warnings,
                 warnings == 1 ? "warning" : "warnings");
    print_skipped(loaded.skipped);
    return exit_code_of(loaded, options.strict);
}

}  // namespace weir::app
