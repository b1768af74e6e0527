#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "app/banner.hpp"
#include "app/options.hpp"
#include "app/wiring.hpp"
#include "config/codes.hpp"
#include "config/load.hpp"

namespace weir::app {
namespace {

/// Each resource with its conditions, one line a condition that says something.
void print_statuses(const config::model& model) {
    for (const auto& s : model.statuses) {
        std::printf("%s %s/%s\n", s.kind.c_str(), s.name_space.c_str(), s.name.c_str());
        for (const auto& [where, c] : s.conditions) {
            std::printf("  %s%s%s=%s  %s%s%s\n", where.c_str(), where.empty() ? "" : ": ",
                        c.type.c_str(), c.status ? "True" : "False", c.reason.c_str(),
                        c.message.empty() ? "" : "  ", c.message.c_str());
        }
    }
}

int explain_code(const std::string& code) {
    const auto* info = config::find_code(code);
    if (info == nullptr) {
        std::fprintf(stderr, "weir: there is no finding %s\n", code.c_str());
        return exit_usage;
    }
    std::printf("%s: %s\n\n%s\n", std::string(info->code).c_str(), std::string(info->title).c_str(),
                std::string(info->text).c_str());
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
    auto loaded = config::load(load);
    if (!loaded.usage_error.empty()) {
        std::fprintf(stderr, "weir: %s\n", loaded.usage_error.c_str());
        return exit_usage;
    }
    if (loaded.value) check_pickers(*loaded.value, options.preset, loaded.found);
    const auto& found = loaded.found;
    const bool colour = ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    if (options.format == "json") {
        std::fputs((config::render_json(found) + "\n").c_str(), stdout);
    } else if (options.format == "github") {
        std::fputs(config::render_github(found).c_str(), stdout);
    } else {
        std::fputs(config::render_text(found, colour).c_str(), stdout);
        if (loaded.value) print_statuses(*loaded.value);
    }
    const auto errors = found.count(config::severity::error);
    const auto warnings = found.count(config::severity::warning);
    if (options.format == "text") {
        std::fprintf(stderr, "%zu %s, %zu %s\n", errors, errors == 1 ? "error" : "errors", warnings,
                     warnings == 1 ? "warning" : "warnings");
    }
    if (errors != 0) return exit_invalid;
    if (loaded.value && loaded.value->listeners.empty() && loaded.value->missing_pool.empty()) {
        std::fprintf(stderr, "weir: valid, but serves nothing: no listener would exist\n");
        return exit_nothing_to_serve;
    }
    return options.strict && warnings != 0 ? exit_warnings : exit_ok;
}

}  // namespace weir::app
