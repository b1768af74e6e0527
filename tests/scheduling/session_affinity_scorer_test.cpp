#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/session_affinity_scorer") {
    TEST_CASE("1 for the session's endpoint, 0 for the others") {
        test_pool pool(3);
        one_plugin it("session-affinity-scorer");
        CHECK(it.scored(pool, headed_request("x-session-token", "bnMvZTI=").request) ==
              scores{0, 0, 1});
        CHECK(it.scored(pool, headed_request("x-session-token", "????").request) ==
              scores{0, 0, 0});
        CHECK(it.scored(pool) == scores{0, 0, 0});
    }

    TEST_CASE("filter and scorer remember for themselves") {
        test_pool pool(3);
        picker_under_test it(
            "plugins:\n- {type: session-affinity-filter, parameters: {strategy: session_id}}\n"
            "- {type: session-affinity-scorer, parameters: {strategy: session_id, sessionIdConfig: "
            "{sources: [{header: x-other}]}}}\n");
        const headed_request mine("x-session-id", "a");
        const auto first = it.pick(pool, mine.request, 3);
        const auto seen = it.explain(pool, mine.request);
        CHECK(seen[0].survivors == ids{first});
        CHECK(seen[0].raw[0] == scores{0});
    }
}
