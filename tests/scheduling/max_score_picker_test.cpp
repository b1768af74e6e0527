#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/max_score_picker") {
    TEST_CASE("the highest total wins, ties evenly at random") {
        test_pool pool(4);
        pool.signals.kv_usage = {0.5, 0, 0, 0.75};
        picker_under_test it("plugins: [{type: kv-cache-utilization-scorer}]\n");
        std::array<int, 4> counts{};
        for (std::uint64_t seed = 0; seed < 10'000; ++seed)
            ++counts[it.explain(pool, {}, seed)[0].picks.at(0)];
        CHECK(counts[0] == 0);
        CHECK(counts[3] == 0);
        CHECK(std::abs(counts[1] - 5000) < 200);  // four standard deviations
    }

    TEST_CASE("several, best first; ties in random order; fewer candidates are all") {
        test_pool pool(4);
        pool.signals.kv_usage = {0.5, 0, 0, 0.75};
        picker_under_test it(
            "plugins: [{type: kv-cache-utilization-scorer}, {type: max-score-picker, parameters: "
            "{maxNumOfEndpoints: 3}}]\n");
        std::array<int, 4> firsts{};
        for (std::uint64_t seed = 0; seed < 64; ++seed) {
            const auto picks = it.explain(pool, {}, seed)[0].picks;
            REQUIRE(picks.size() == 3);
            CHECK(picks[0] + picks[1] == 3);
            CHECK(picks[2] == 0);
            ++firsts[picks[0]];
        }
        CHECK(firsts[1] > 10);
        CHECK(firsts[2] > 10);
        pool.ready = {3, 0};
        CHECK(it.explain(pool)[0].picks == ids{0, 3});
    }

    TEST_CASE("negative totals are compared like others; NaN loses") {
        test_pool pool(3);
        pool.signals.waiting = {0, 1, 2};
        picker_under_test it(
            "plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: p, plugins: [{pluginRef: "
            "queue-scorer, weight: -2}]}]\n");
        CHECK(it.explain(pool)[0].picks == ids{2});
        pool.signals.kv_usage = {std::nan(""), 0.9, std::nan("")};
        picker_under_test kv("plugins: [{type: kv-cache-utilization-scorer}]\n");
        CHECK(kv.explain(pool)[0].picks == ids{1});
    }

    TEST_CASE("counts below one are one, and whole") {
        test_pool pool(3);
        for (const auto* n : {"0", "-4", "1", "null"}) {
            CAPTURE(n);
            one_plugin it("max-score-picker", "{maxNumOfEndpoints: " + std::string(n) + "}");
            CHECK(it.explain(pool)[0].picks.size() == 1);
        }
        CHECK(errors_of("max-score-picker", "{maxNumOfEndpoints: 1.5}") ==
              "7:35 maxNumOfEndpoints must be a whole number, not a number with a fraction\n");
        CHECK(errors_of("max-score-picker", "{maxNumOfEndpoint: 2}") ==
              "7:16 json: unknown field \"maxNumOfEndpoint\"\n");
    }
}
