#include <cstdio>

#include "app/banner.hpp"
#include "app/options.hpp"
#include "app/process.hpp"
#include "version.hpp"

namespace weir::app {

int run_serve(const serve_options& options) {
    const auto& l = options.load;
    if (l.filenames.empty() && l.endpoints.empty() && l.endpoints_files.empty()) {
        std::fprintf(stderr,
                     "weir: nothing to serve: give manifests (-f PATH), model servers (--endpoint "
                     "URL) or an "
                     "--endpoints-file; weir demo needs neither\n");
        return exit_usage;
    }
    if (!l.config_file.empty() && !l.config_text.empty()) {
        std::fprintf(stderr,
                     "weir: both the \"config-text\" and \"config-file\" flags cannot be set at "
                     "the same time\n");
        return exit_usage;
    }
    return process(options).run();
}

int run_version() {
    std::printf("weir %s (%s)\n", version, commit);
    return exit_ok;
}

}  // namespace weir::app
