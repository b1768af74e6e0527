#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/always_disagg_pd_decider") {
    TEST_CASE("prefill always runs, even for an empty prompt") {
        test_pool pool(2);
        picker_under_test it(
            "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: pd}}}\n"
            "- {name: pd, type: always-disagg-pd-decider}\n"
            "schedulingProfiles: [{name: decode}, {name: prefill}]\n");
        const auto seen = it.explain(pool);
        REQUIRE(seen.size() == 2);
        CHECK(seen[1].name == "prefill");
    }
}
