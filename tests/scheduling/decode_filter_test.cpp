#include "roles.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/decode_filter") {
    TEST_CASE("endpoints that decode are kept, and those without a role") {
        CHECK(one_plugin("decode-filter").kept(pool_of_roles()) == ids{0, 3, 4, 6, 8});
    }

    TEST_CASE("parameters are ignored") {
        CHECK(errors_of("decode-filter", "{label: 7, x: [1]}") == "");
    }
}
