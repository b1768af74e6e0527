#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

constexpr const char* bound = "{prefixMatchInfoProducerName: prefix";

one_plugin sticky(const std::string& more = {}) {
    return one_plugin("prefix-cache-affinity-filter", bound + more + "}");
}

}  // namespace

TEST_SUITE("scheduling/prefix_cache_affinity_filter") {
    TEST_CASE("who holds the threshold's share is sticky; nobody means all") {
        test_pool pool(3);
        prefix_told() = {10, 64, {8, 7, 0}, {}, false};  // 0.8, 0.7, 0
        CHECK(sticky().kept(pool) == ids{0});
        CHECK(sticky(", affinityThreshold: 0.7").kept(pool) == ids{0, 1});
        CHECK(sticky(", affinityThreshold: 0.81").kept(pool) == ids{0, 1, 2});
        CHECK(sticky(", affinityThreshold: 0").kept(pool) == ids{0, 1, 2});
        CHECK(sticky(", affinityThreshold: -1").kept(pool) == ids{0, 1, 2});
        prefix_told() = {10, 64, {8, 7, 0}, {}, true};
        CHECK(sticky().kept(pool) == ids{0, 1, 2});
        prefix_told() = {10, 64, {0, 0, 0}, {}, false};
        pool.ready = {1};  // one endpoint passes as it is
        CHECK(sticky().kept(pool) == ids{1});
    }

    TEST_CASE("stickiness may cost so much time, by tokens in flight and throughput") {
        test_pool pool(3);
        prefix_told() = {10, 64, {10, 10, 0}, {}, false};
        // 15,928 tokens/s by default: 18 s are 286,704 tokens.
        pool.signals.inflight_tokens = {286704, 400000, 0};
        CHECK(sticky().kept(pool) == ids{0, 1});
        pool.signals.inflight_tokens = {286705, 400000, 0};
        CHECK(sticky().kept(pool) == ids{0, 1, 2});
        CHECK(sticky(", maxTTFTPenaltyMs: 0").kept(pool) == ids{0, 1});
        pool.signals.inflight_tokens = {0, 1001, 1};
        CHECK(sticky(", maxTTFTPenaltyMs: 1000, peakPrefillThroughput: 1000").kept(pool) ==
              ids{0, 1});  // the least of each side counts
        pool.signals.inflight_tokens = {2002, 1002, 1};
        CHECK(sticky(", maxTTFTPenaltyMs: 1000, peakPrefillThroughput: 1000").kept(pool) ==
              ids{0, 1, 2});
        prefix_told() = {10, 64, {10, 10, 10}, {}, false};  // all sticky: nothing to compare with
        CHECK(sticky(", maxTTFTPenaltyMs: 1").kept(pool) == ids{0, 1, 2});
    }

    TEST_CASE("or by predictions; one that is missing is the longest time there is") {
        test_pool pool(2);
        prefix_told() = {10, 64, {10, 0}, {}, false};
        const std::string predicted =
            ", ttftSource: latencyPredictor, latencyPredictionInfoProducerName: latency, "
            "maxTTFTPenaltyMs: 5000";
        const auto kept = [&](double one, double other) {
            latency_told() = {};
            latency_told().ttft = {one, other};
            return sticky(predicted).kept(pool);
        };
        CHECK(kept(5100, 100) == ids{0});
        CHECK(kept(5101, 100) == ids{0, 1});
        CHECK(kept(std::nan(""), 100) == ids{0, 1});
        CHECK(kept(100, std::nan("")) == ids{0});
        CHECK(kept(std::nan(""), std::nan("")) == ids{0});
    }

    TEST_CASE("exploration lets all pass, in its share of requests") {
        test_pool pool(2);
        prefix_told() = {10, 64, {10, 0}, {}, false};
        CHECK(sticky(", explorationProbability: 1").kept(pool) == ids{0, 1});
        auto it = sticky(", explorationProbability: 0.25");
        int explored = 0;
        for (std::uint64_t seed = 0; seed < 4000; ++seed)
            explored += it.kept(pool, {}, seed).size() == 2 ? 1 : 0;
        CHECK(explored > 900);
        CHECK(explored < 1100);
    }

    TEST_CASE("parameters are checked") {
        const auto errors = [](const std::string& more) {
            return errors_of("prefix-cache-affinity-filter", "{" + more + "}");
        };
        CHECK(errors("affinityThreshold: 1.1") == "7:35 affinityThreshold must be <= 1, got 1.1\n");
        CHECK(errors("explorationProbability: 2") ==
              "7:40 explorationProbability must be in [0,1], got 2\n");
        CHECK(errors("maxTTFTPenaltyMs: -1") == "7:34 maxTTFTPenaltyMs must be >= 0, got -1\n");
        CHECK(errors("ttftSource: ''") == "7:28 unsupported ttftSource \"\"\n");
        CHECK(errors("ttftSource: other") == "7:28 unsupported ttftSource \"other\"\n");
        CHECK(errors("peakPrefillThroughput: 0") == "7:39 peakPrefillThroughput must be > 0\n");
        CHECK(errors("peakPrefillThroughput: 0, maxTTFTPenaltyMs: 0") == "");
    }
}
