#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/queue_scorer") {
    TEST_CASE("(max - v) / (max - min) over the candidates, 1 for all when all are equal") {
        test_pool pool(4);
        struct row {
            scores values;
            scores want;
        };
        for (const auto& [values, want] : {
                 row{{0, 5, 10, 2}, {1, 0.5, 0, 0.8}},  // (10 - v) / 10
                 row{{3, 3, 3, 3}, {1, 1, 1, 1}}, row{{0, 0, 0, 0}, {1, 1, 1, 1}},
                 row{{7, 8, 8, 8}, {1, 0, 0, 0}},
                 row{{100, 104, 101, 103}, {1, 0, 0.75, 0.25}},  // (104 - v) / 4
             }) {
            pool.signals.waiting = values;
            CHECK(near(one_plugin("queue-scorer").scored(pool), want));
        }
    }

    TEST_CASE("endpoints that are no candidates do not count") {
        test_pool pool(3);
        pool.signals.waiting = {0, 4, 8};
        pool.ready = {1, 2};
        CHECK(near(one_plugin("queue-scorer").scored(pool), scores{1, 0}));
        pool.ready = {2};
        CHECK(near(one_plugin("queue-scorer").scored(pool), scores{1}));
    }

    TEST_CASE("parameters are ignored, even impossible ones") {
        CHECK(errors_of("queue-scorer", "{threshold: x, y: [1]}") == "");
    }
}
