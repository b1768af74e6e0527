#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/utilization_detector") {
    TEST_CASE("fresh endpoints below both thresholds are kept; if there is none, all") {
        test_pool pool(5);
        pool.signals.waiting = {5, 4, 0, 0, 0};
        pool.signals.kv_usage = {0, 0.79, 0.8, 0.1, 0.1};
        pool.signals.age_seconds[3] = 0.201;
        pool.signals.age_seconds[4] = 0.2;
        CHECK(one_plugin("utilization-detector").kept(pool) == ids{1, 4});
        // 5 * 1.2 = 6 and 0.8 * 1.2 = 0.96
        CHECK(one_plugin("utilization-detector", "{headroom: 0.2}").kept(pool) == ids{0, 1, 2, 4});
        CHECK(one_plugin("utilization-detector", "{queueDepthThreshold: 4}").kept(pool) == ids{4});
        CHECK(one_plugin("utilization-detector", "{metricsStalenessThreshold: 1s}").kept(pool) ==
              ids{1, 3, 4});
        pool.ready = {0, 2, 3};
        CHECK(one_plugin("utilization-detector").kept(pool) == ids{0, 2, 3});
    }

    TEST_CASE("data is never stale within three scrape periods") {
        test_pool pool(2);
        pool.signals.age_seconds = {0.5, 0.5};
        pool.signals.staleness_floor = {0.6, 0.4};
        CHECK(one_plugin("utilization-detector").kept(pool) == ids{0});
    }

    TEST_CASE("thresholds are checked") {
        const auto errors = [](const char* p) { return errors_of("utilization-detector", p); };
        CHECK(errors("{queueDepthThreshold: 0}") ==
              "7:37 queueDepthThreshold must be > 0, got 0\n");
        CHECK(errors("{kvCacheUtilThreshold: 1.01}") ==
              "7:38 kvCacheUtilThreshold must be in (0,1], got 1.01\n");
        CHECK(errors("{kvCacheUtilThreshold: 0}") ==
              "7:38 kvCacheUtilThreshold must be in (0,1], got 0\n");
        CHECK(errors("{kvCacheUtilThreshold: 1}") == "");
        CHECK(errors("{metricsStalenessThreshold: 200}") ==
              "7:43 metricsStalenessThreshold: time: invalid duration \"200\"\n");
        CHECK(errors("{metricsStalenessThreshold: 0s}") ==
              "7:43 metricsStalenessThreshold must be > 0\n");
        CHECK(errors("{headroom: -1}") == "7:26 headroom must be >= 0, got -1\n");
        CHECK(hints_in("plugins: [{type: utilization-detector, parameters: {headroom: 1.5}}]\n") ==
              "3:63 a headroom above 1 more than doubles the thresholds\n");
    }
}
