#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/load_aware_scorer") {
    TEST_CASE("0.5 without a queue, then down to 0 at the threshold") {
        test_pool pool(5);
        pool.signals.waiting = {0, 1, 64, 128, 500};
        // 0.5 * (1 - q / 128)
        CHECK(near(one_plugin("load-aware-scorer").scored(pool),
                   scores{0.5, 0.49609375, 0.25, 0, 0}));
        // 0.5 * (1 - q / 4), capped
        CHECK(near(one_plugin("load-aware-scorer", "{threshold: 4}").scored(pool),
                   scores{0.5, 0.375, 0, 0, 0}));
    }

    TEST_CASE("a threshold below 1 is the default's") {
        test_pool pool(1);
        pool.signals.waiting = {64};
        for (const auto* p : {"{threshold: 0}", "{threshold: -3}", "{threshold: null}", "{}"})
            CHECK(near(one_plugin("load-aware-scorer", p).scored(pool), scores{0.25}));
        CHECK(errors_of("load-aware-scorer", "{threshold: 1.5}") ==
              "7:27 threshold must be a whole number, not a number with a fraction\n");
        CHECK(errors_of("load-aware-scorer", "{treshold: 4}") ==
              "7:16 json: unknown field \"treshold\"\n");
    }
}
