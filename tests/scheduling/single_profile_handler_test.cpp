#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/single_profile_handler") {
    TEST_CASE("it runs the one profile and takes any parameters") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: single-profile-handler, parameters: {x: 1}}]\n"
            "schedulingProfiles: [{name: mine}]\n");
        const auto seen = it.explain(pool);
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].name == "mine");
        CHECK(it.pick(pool) == 0);
    }

    TEST_CASE("a second profile is refused") {
        CHECK(errors_in("plugins: [{type: single-profile-handler}]\n"
                        "schedulingProfiles:\n- {name: a}\n- {name: b}\n") ==
              "6:3 scheduler config build failed: SingleProfileHandler cannot support multiple "
              "scheduling profiles\n");
    }
}
