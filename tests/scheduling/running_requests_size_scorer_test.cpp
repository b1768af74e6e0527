#include "lowest_is_best_checks.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/running_requests_size_scorer") {
    TEST_CASE("(max - v) / (max - min) over the candidates, 1 for all when all are equal") {
        check_lowest_is_best("running-requests-size-scorer", &signal_columns::running);
    }
}
