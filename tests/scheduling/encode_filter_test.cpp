#include "roles.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/encode_filter") {
    TEST_CASE("endpoints that encode are kept; the label is required") {
        CHECK(one_plugin("encode-filter").kept(pool_of_roles()) == ids{2, 5, 6});
    }

    TEST_CASE("parameters are ignored") {
        CHECK(errors_of("encode-filter", "{label: 7, x: [1]}") == "");
    }
}
