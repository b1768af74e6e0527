#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/utilization_filter") {
    TEST_CASE("every condition must hold: value <= maxValue, unknown counts 0") {
        test_pool pool(4);
        pool.signals.waiting = {1, 3, 4, 0};
        pool.signals.running = {9, 2, 2, 0};
        pool.signals.kv_usage = {0.1, 0.5, 0.9, 0};
        pool.signals.inflight_requests = {0, 1, 2, 3};
        const auto kept = [&](const std::string& conditions, const char* more = "") {
            return one_plugin("utilization-filter",
                              "{conditions: [" + conditions + "]" + more + "}")
                .kept(pool);
        };
        CHECK(kept("{metric: waiting-queue, maxValue: 3}") == ids{0, 1, 3});
        CHECK(kept("{metric: running-requests, maxValue: 2}") == ids{1, 2, 3});
        CHECK(kept("{metric: kv-cache-utilization, maxValue: 0.5}") == ids{0, 1, 3});
        CHECK(kept("{metric: active-requests, maxValue: 1}") == ids{0, 1});
        CHECK(
            kept("{metric: waiting-queue, maxValue: 3}, {metric: running-requests, maxValue: 2}") ==
            ids{1, 3});
        pool.ready = {0, 1, 2};
        CHECK(kept("{metric: waiting-queue, maxValue: 0}").empty());
        CHECK(kept("{metric: waiting-queue, maxValue: 0}", ", fallbackOnEmpty: true") ==
              ids{0, 1, 2});
    }

    TEST_CASE("conditions are required and complete") {
        const auto errors = [](const char* p) { return errors_of("utilization-filter", p); };
        CHECK(errors("") == "6:3 at least one condition is required\n");
        CHECK(errors("{conditions: []}") == "7:28 at least one condition is required\n");
        CHECK(errors("{conditions: [{metric: waiting-queue}]}") ==
              "7:29 conditions: maxValue is required\n");
        CHECK(errors("{conditions: [{metric: waiting, maxValue: 1}]}") ==
              "7:38 unsupported conditions[0].metric \"waiting\"\n");
        CHECK(errors("{conditions: [{metric: kv-cache-utilization, maxValue: 1.5}]}") ==
              "7:70 conditions[0].maxValue must be in [0,1], got 1.5\n");
        CHECK(errors("{conditions: [{metric: waiting-queue, maxValue: -1}]}") ==
              "7:63 conditions[0].maxValue must be >= 0, got -1\n");
    }
}
