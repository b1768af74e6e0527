#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/kv_cache_utilization_scorer") {
    TEST_CASE("one minus the usage, whatever the others have") {
        test_pool pool(4);
        pool.signals.kv_usage = {0.25, 0.5, 1, 0};
        CHECK(
            near(one_plugin("kv-cache-utilization-scorer").scored(pool), scores{0.75, 0.5, 0, 1}));
        CHECK(errors_of("kv-cache-utilization-scorer", "{x: 1}") == "");
    }
}
