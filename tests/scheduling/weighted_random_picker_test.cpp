#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/weighted_random_picker") {
    TEST_CASE("in proportion to the totals; what is not positive comes last") {
        test_pool pool(3);
        pool.signals.kv_usage = {0.25, 0.75, 1};  // totals 0.75, 0.25, 0
        picker_under_test it(
            "plugins: [{type: kv-cache-utilization-scorer}, {type: weighted-random-picker, "
            "parameters: {maxNumOfEndpoints: 3}}]\n");
        std::array<int, 3> first{};
        std::array<int, 3> last{};
        for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
            const auto picks = it.explain(pool, {}, seed)[0].picks;
            REQUIRE(picks.size() == 3);
            ++first[picks[0]];
            ++last[picks[2]];
        }
        // The first of A-Res is exactly proportional: 7,500 and 2,500, standard deviation 43.
        CHECK(std::abs(first[0] - 7500) < 180);
        CHECK(std::abs(first[1] - 2500) < 180);
        CHECK(last[2] == 10'000);
    }

    TEST_CASE("without a positive total it is the random picker") {
        test_pool pool(4);
        one_plugin it("weighted-random-picker");
        std::array<int, 4> counts{};
        for (std::uint64_t seed = 0; seed < 4000; ++seed)
            ++counts[it.explain(pool, {}, seed)[0].picks.at(0)];
        for (const auto n : counts) CHECK(std::abs(n - 1000) < 120);
    }
}
