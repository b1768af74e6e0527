#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/destination_endpoint_served_verifier") {
    TEST_CASE("the answer says who served") {
        test_pool pool(1);
        picker_under_test it("plugins: [{type: destination-endpoint-served-verifier}]\n");
        it.pick(pool);
        const auto changes = it.answered(pool);
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].name == "x-conformance-test-served-endpoint");
        CHECK(changes[0].value == "10.0.0.1:8000");
    }
}
