#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/active_request_scorer") {
    TEST_CASE("idle is 1, the busiest 0, the rest between") {
        test_pool pool(4);
        pool.signals.inflight_requests = {0, 1, 2, 4};
        struct row {
            const char* parameters;
            scores want;
        };
        for (const auto& [parameters, want] : {
                 row{"", {1, 0.75, 0.5, 0}},  // (4 - n) / 4
                 row{"{idleThreshold: 1}", {1, 1, 0.5, 0}},
                 row{"{idleThreshold: -1}", {1, 0.75, 0.5, 0}},
                 row{"{idleThreshold: 9}", {1, 1, 1, 1}},
                 row{"{maxBusyScore: 0.5}", {1, 0.375, 0.25, 0}},
                 row{"{maxBusyScore: 0}", {1, 0, 0, 0}},
                 row{"{maxBusyScore: 1.5}", {1, 0.75, 0.5, 0}},  // out of range: 1
                 row{"{maxBusyScore: -0.1}", {1, 0.75, 0.5, 0}},
                 row{"{requestTimeout: [nonsense]}", {1, 0.75, 0.5, 0}},
             }) {
            CAPTURE(parameters);
            CHECK(near(one_plugin("active-request-scorer", parameters).scored(pool), want));
        }
        pool.signals.inflight_requests = {3, 3, 3, 3};
        CHECK(near(one_plugin("active-request-scorer").scored(pool), scores{0, 0, 0, 0}));
        pool.signals.inflight_requests = {0, 0, 0, 0};
        CHECK(near(one_plugin("active-request-scorer").scored(pool), scores{1, 1, 1, 1}));
    }
}
