#include "roles.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/prefill_filter") {
    TEST_CASE("endpoints that prefill are kept; the label is required") {
        CHECK(one_plugin("prefill-filter").kept(pool_of_roles()) == ids{1, 3, 4, 5, 6});
    }

    TEST_CASE("parameters are ignored") {
        CHECK(errors_of("prefill-filter", "{label: 7, x: [1]}") == "");
    }
}
