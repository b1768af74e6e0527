#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/session_affinity_filter") {
    TEST_CASE("the header's endpoint alone, if it is a candidate") {
        test_pool pool(3);
        // base64 of ns/e1
        CHECK(one_plugin("session-affinity-filter")
                  .kept(pool, headed_request("x-session-token", "bnMvZTE=").request) == ids{1});
        CHECK(one_plugin("session-affinity-filter").kept(pool) == ids{0, 1, 2});
        for (const auto* token : {"bnMvZTk=", "bnMvZTE", "!!!!", "bnM=", ""}) {
            CAPTURE(token);  // ns/e9, no padding, no base64, no slash, nothing
            CHECK(one_plugin("session-affinity-filter")
                      .kept(pool, headed_request("x-session-token", token).request) ==
                  ids{0, 1, 2});
        }
        pool.ready = {0, 2};
        CHECK(one_plugin("session-affinity-filter")
                  .kept(pool, headed_request("x-session-token", "bnMvZTE=").request) == ids{0, 2});
    }

    TEST_CASE("another header, whatever its case") {
        test_pool pool(2);
        CHECK(one_plugin("session-affinity-filter",
                         "{encodedEndpointHeaderConfig: {header: ' X-Mine '}}")
                  .kept(pool, headed_request("x-mine", "bnMvZTE=").request) == ids{1});
    }

    TEST_CASE("the answer carries the endpoint that was chosen") {
        test_pool pool(2);
        one_plugin it("session-affinity-filter");
        it.pick(pool, headed_request("x-session-token", "bnMvZTE=").request);
        const auto changes = it.answered(pool);
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].name == "x-session-token");
        CHECK(changes[0].value == "bnMvZTE=");
    }

    TEST_CASE("a session id is bound where its first request went") {
        test_pool pool(4);
        one_plugin it("session-affinity-filter", "{strategy: session_id}");
        const headed_request mine("x-session-id", "s1");
        const auto first = it.pick(pool, mine.request, 5);
        for (std::uint64_t seed = 0; seed < 20; ++seed)
            CHECK(it.pick(pool, mine.request, seed) == first);
        CHECK(it.kept(pool, headed_request("x-session-id", "s2").request).size() == 4);
        CHECK(it.answered(pool).empty());
    }
}
