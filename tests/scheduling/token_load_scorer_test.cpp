#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/token_load_scorer") {
    TEST_CASE("1 - (tokens in flight + tokens of this request) / threshold, not below 0") {
        test_pool pool(4);
        pool.signals.inflight_tokens = {0, 50, 150, 300};
        const sized_request r(50);
        one_plugin it("token-load-scorer", "{queueThresholdTokens: 200}");
        CHECK(near(it.scored(pool, r.request), scores{0.75, 0.5, 0, 0}));
        CHECK(near(it.scored(pool), scores{1, 0.75, 0.25, 0}));  // 0 tokens in all score 1
    }

    TEST_CASE("what an endpoint has cached does not count against it") {
        test_pool pool(2);
        // 10 blocks of 64 tokens, 8 of them at endpoint 0; 640 of 650 tokens lie in blocks.
        prefix_told() = {10, 64, {8, 0}, {}, false};
        picker_under_test it(
            "plugins:\n- {name: prefix, type: test-prefix-producer}\n"
            "- {name: load, type: inflight-load-producer, parameters: "
            "{prefixMatchInfoProducerName: prefix}}\n"
            "- {type: token-load-scorer, parameters: {queueThresholdTokens: 1000, "
            "inFlightLoadProducerName: load}}\n");
        const sized_request r(650);
        // 2 * 64 + 10 = 138; 10 * 64 + 10 = 650
        CHECK(near(it.explain(pool, r.request)[0].raw[0], scores{1 - 0.138, 1 - 0.65}));
    }

    TEST_CASE("a threshold below 1 is the default's 4,194,304") {
        test_pool pool(1);
        pool.signals.inflight_tokens = {1048576};
        for (const auto* p : {"{}", "{queueThresholdTokens: 0}", "{queueThresholdTokens: -1}"})
            CHECK(near(one_plugin("token-load-scorer", p).scored(pool), scores{0.75}));
    }
}
