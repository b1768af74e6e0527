#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

one_plugin tiers(const char* explore) {
    return one_plugin("slo-headroom-tier-filter",
                      "{latencyPredictionInfoProducerName: latency, epsilonExploreNeg: " +
                          std::string(explore) + "}");
}

}  // namespace

TEST_SUITE("scheduling/slo_headroom_tier_filter") {
    TEST_CASE("both headrooms must be there; who has no prediction misses the SLO") {
        test_pool pool(4);
        latency_told() = {};
        latency_told().ttft = {1, 1, 1, std::nan("")};
        latency_told().ttft_headroom = {0, -0.1, 5, 5};
        latency_told().tpot_headroom = {0, 5, -0.1, 5};
        CHECK(tiers("0").kept(pool) == ids{0});
        CHECK(tiers("1").kept(pool) == ids{1, 2, 3});
    }

    TEST_CASE("one tier alone, no prediction or one endpoint: all") {
        test_pool pool(2);
        latency_told() = {};
        latency_told().ttft = {1, 1};
        latency_told().ttft_headroom = {-1, -2};
        CHECK(tiers("0").kept(pool) == ids{0, 1});
        latency_told().ttft_headroom = {1, 2};
        CHECK(tiers("1").kept(pool) == ids{0, 1});
        latency_told().ttft = {std::nan(""), std::nan("")};
        CHECK(tiers("1").kept(pool) == ids{0, 1});
        latency_told().absent = true;
        CHECK(tiers("1").kept(pool) == ids{0, 1});
        latency_told() = {};
        pool.ready = {1};
        CHECK(tiers("1").kept(pool) == ids{1});
    }

    TEST_CASE("one request in a hundred explores, unless told otherwise") {
        test_pool pool(2);
        latency_told() = {};
        latency_told().ttft = {1, 1};
        latency_told().ttft_headroom = {1, -1};
        one_plugin it("slo-headroom-tier-filter", "{latencyPredictionInfoProducerName: latency}");
        int explored = 0;
        for (std::uint64_t seed = 0; seed < 10'000; ++seed)
            explored += it.kept(pool, {}, seed) == ids{1} ? 1 : 0;
        CHECK(explored > 60);
        CHECK(explored < 150);
        CHECK(errors_of("slo-headroom-tier-filter", "{epsilonExploreNeg: 1.5}") ==
              "7:35 epsilonExploreNeg must be in [0,1], got 1.5\n");
    }
}
