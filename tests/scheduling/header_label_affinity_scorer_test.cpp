#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/header_label_affinity_scorer") {
    TEST_CASE("1 where the label equals the header, 0 elsewhere") {
        test_pool pool(4);
        pool.label(0, "team", "red");
        pool.label(1, "team", "blue");
        pool.label(2, "team", "");
        one_plugin it("header-label-affinity-scorer", "{headerName: X-Team, labelKey: team}");
        CHECK(it.scored(pool, headed_request("x-team", "red").request) == scores{1, 0, 0, 0});
        CHECK(it.scored(pool, headed_request("x-team", "Red").request) == scores{0, 0, 0, 0});
        CHECK(it.scored(pool, headed_request("x-team", "").request) == scores{0, 0, 0, 0});
        CHECK(it.scored(pool) == scores{0, 0, 0, 0});
    }

    TEST_CASE("both names are required") {
        CHECK(errors_of("header-label-affinity-scorer", "{labelKey: a}") ==
              "7:15 headerName is required\n");
        CHECK(errors_of("header-label-affinity-scorer", "{headerName: ' ', labelKey: ''}") ==
              "7:28 headerName is required\n7:43 labelKey is required\n");
    }
}
