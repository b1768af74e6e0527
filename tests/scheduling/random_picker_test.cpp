#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/random_picker") {
    TEST_CASE("everybody alike, whatever the scores, at most the candidates") {
        test_pool pool(3);
        pool.signals.kv_usage = {0, 0.5, 1};
        picker_under_test it(
            "plugins: [{type: kv-cache-utilization-scorer}, {type: random-picker, parameters: "
            "{maxNumOfEndpoints: 9}}]\n");
        std::array<std::array<int, 3>, 3> at{};
        for (std::uint64_t seed = 0; seed < 6000; ++seed) {
            const auto picks = it.explain(pool, {}, seed)[0].picks;
            REQUIRE(picks.size() == 3);
            for (std::size_t i = 0; i < 3; ++i) ++at[i][picks[i]];
        }
        for (const auto& place : at) {
            for (const auto n : place) CHECK(std::abs(n - 2000) < 150);
        }
    }
}
