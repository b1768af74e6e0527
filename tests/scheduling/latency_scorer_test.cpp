#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

one_plugin rated(const std::string& more = {}) {
    return one_plugin("latency-scorer",
                      "{latencyPredictionInfoProducerName: latency, prefixMatchInfoProducerName: "
                      "prefix" +
                          more + "}");
}

void predict(scores ttft_headroom, scores tpot_headroom) {
    latency_told() = {};
    latency_told().ttft.assign(ttft_headroom.size(), 1);
    latency_told().ttft_headroom = std::move(ttft_headroom);
    latency_told().tpot_headroom = std::move(tpot_headroom);
}

void predict_busy(scores ttft_headroom, scores tpot_headroom) {
    predict(std::move(ttft_headroom), std::move(tpot_headroom));
    latency_told().dispatched.assign(latency_told().ttft.size(), 1);
}

}  // namespace

TEST_SUITE("scheduling/latency_scorer") {
    TEST_CASE("without predictions: KV cache, queue and prefix in equal parts, in hundredths") {
        test_pool pool(3);
        prefix_told() = {4, 64, {4, 0, 0}, {}, false};
        latency_told() = {};
        latency_told().absent = true;
        pool.signals.kv_usage = {0.5, 0, 0};
        pool.signals.waiting = {0, 5, 10};
        // (0.5 + 1 + 1)/3, (1 + 0.5 + 0)/3, (1 + 0 + 0)/3
        CHECK(near(rated().scored(pool), scores{0.83, 0.5, 0.33}));
        // weights 2, 1, 1: (1 + 1 + 1)/4, (2 + 0.5)/4, 2/4; 0.625 is rounded away from zero
        CHECK(near(rated(", compositeKVWeight: 2").scored(pool), scores{0.75, 0.63, 0.5}));
        // no weight at all: KV alone
        CHECK(
            near(rated(", compositeKVWeight: 0, compositeQueueWeight: 0, compositePrefixWeight: 0")
                     .scored(pool),
                 scores{0.5, 1, 1}));
        pool.signals.waiting = {0, 0, 0};  // nobody queues: 1 for all
        CHECK(near(rated().scored(pool), scores{0.83, 0.67, 0.67}));
    }

    TEST_CASE("with headroom: the least that is enough is best; the others are not scored") {
        test_pool pool(4);
        predict({10, 20, 30, -1}, {0, 0, 0, 0});
        // TPOT is flat: TTFT alone. n = 0, 0.5, 1; least: trunc((1 - n) * 100) + 1
        CHECK(near(rated().scored(pool), scores{1.01, 0.51, 0.01, 0}));
        CHECK(near(rated(", headroomSelectionStrategy: most").scored(pool),
                   scores{0.01, 0.51, 1.01, 0}));
        CHECK(near(rated(", headroomSelectionStrategy: whatever").scored(pool),
                   scores{1.01, 0.51, 0.01, 0}));
        predict({0, 10, 0, 10}, {0, 0, 10, 10});
        // n = 0.8 * TTFT + 0.2 * TPOT = 0, 0.8, 0.2, 1
        CHECK(near(rated().scored(pool), scores{1.01, 0.2, 0.81, 0.01}));
        // 0.3 / 0.4 and 0.1 / 0.4
        CHECK(near(rated(", ttftWeight: 0.3, tpotWeight: 0.1").scored(pool),
                   scores{1.01, 0.26, 0.76, 0.01}));
        CHECK(near(rated(", ttftWeight: 0, tpotWeight: 0").scored(pool),  // TTFT alone
                   scores{1.01, 0.01, 1.01, 0.01}));
    }

    TEST_CASE("equal headrooms are in the middle; no prediction counts as no headroom") {
        test_pool pool(2);
        predict({7, 7}, {3, 3});
        CHECK(near(rated().scored(pool), scores{0.51, 0.51}));
        predict({7, 5}, {3, 3});
        latency_told().ttft[0] = std::nan("");
        // 0 and 5 of TTFT, 0 and 3 of TPOT
        CHECK(near(rated().scored(pool), scores{1.01, 0.01}));
    }

    TEST_CASE("without headroom: the idle ones, else those short of TPOT, of TTFT, of both") {
        test_pool pool(3);
        predict({-10, -20, -30}, {0, 0, 0});
        latency_told().dispatched = {0, 1, 0};
        // 0 and 2 are idle; |h| = 10, 30: the smaller deficit is best, whatever the strategy
        CHECK(near(rated().scored(pool), scores{1.01, 0, 0.01}));
        CHECK(near(rated(", headroomSelectionStrategy: most").scored(pool), scores{1.01, 0, 0.01}));
        latency_told().dispatched = {1, 1, 1};
        predict_busy({5, -20, -30}, {-1, 5, -3});
        CHECK(near(rated().scored(pool), scores{0.51, 0, 0}));  // only TPOT is missed
        predict_busy({-5, -20, -30}, {1, -5, -3});
        CHECK(near(rated().scored(pool), scores{0.51, 0, 0}));  // only TTFT is missed
        predict_busy({-10, -20, -30}, {-1, -1, -1});
        CHECK(near(rated().scored(pool), scores{1.01, 0.51, 0.01}));
    }

    TEST_CASE("a score above 1 is clamped before it is weighted") {
        test_pool pool(2);
        predict({10, 20}, {0, 0});
        auto it = rated();
        CHECK(near(it.explain(pool)[0].totals, scores{1, 0.01}));
    }
}
