#include <cstdio>

#include "app/options.hpp"

namespace weir::app {

int run_explain(const explain_options&) {
    std::fprintf(stderr, "weir: no running weir at that admin address\n");
    return exit_failed;
}

}  // namespace weir::app
