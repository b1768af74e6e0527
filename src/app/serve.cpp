#include <cstdio>

#include "app/banner.hpp"
#include "app/options.hpp"
#include "app/process.hpp"
#include "app/version.hpp"
#include "scheduling/shared_plugin.hpp"

namespace weir::app {

bool load_plugins(const std::vector<std::string>& files) {
    for (const auto& file : files) {
        if (const auto problem = scheduling::load_shared_plugin(file); !problem.empty()) {
            std::fprintf(stderr, "weir: --plugin %s: %s\n", file.c_str(), problem.c_str());
            return false;
        }
    }
    return true;
}

int run_serve(const serve_options& options) {
    const auto& l = options.load;
    if (l.filenames.empty() && l.endpoints.empty() && l.endpoints_files.empty() &&
        l.config_file.empty() && l.config_text.empty()) {
        std::fprintf(stderr, "weir: %s\n", config::nothing_to_serve);
        return exit_usage;
    }
    if (!load_plugins(options.plugins)) return exit_invalid;
    return process(options).run();
}

int run_version() {
    std::printf("weir %s (%s)\n", version, commit);
    return exit_ok;
}

}  // namespace weir::app
