#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/prefix_cache_scorer") {
    TEST_CASE("the matched share of the prompt; nothing known is 0") {
        test_pool pool(3);
        prefix_told() = {4, 16, {4, 1, 0}, {}, false};
        one_plugin it("prefix-cache-scorer", "{prefixMatchInfoProducerName: prefix}");
        CHECK(near(it.scored(pool), scores{1, 0.25, 0}));
        prefix_told() = {0, 16, {0, 0, 0}, {}, false};
        CHECK(near(it.scored(pool), scores{0, 0, 0}));
        prefix_told() = {4, 16, {4, 1, 0}, {}, true};
        CHECK(near(it.scored(pool), scores{0, 0, 0}));
    }

    TEST_CASE("the length of the match can be weighed in, squared") {
        test_pool pool(3);
        // 512 tokens, a half of 1,024; all of it; more than all of it
        prefix_told() = {128, 16, {32, 64, 128}, {}, false};
        const auto weighed = [&](const char* weight) {
            return one_plugin("prefix-cache-scorer",
                              "{prefixMatchInfoProducerName: prefix, matchLengthScaleTokens: 1024, "
                              "matchLengthWeight: " +
                                  std::string(weight) + "}")
                .scored(pool);
        };
        CHECK(near(weighed("0"), scores{0.25, 0.5, 1}));
        // 0.5 * 0.25 + 0.5 * 0.25; 0.5 * 1 + 0.5 * 0.5; 0.5 + 0.5
        CHECK(near(weighed("0.5"), scores{0.25, 0.75, 1}));
        CHECK(near(weighed("1"), scores{0.25, 1, 1}));
        prefix_told().block = 0;  // no length without a block size
        CHECK(near(weighed("0.5"), scores{0.125, 0.25, 0.5}));
    }

    TEST_CASE("parameters are checked, and the index' older ones are read as the producer's") {
        const auto errors = [](const char* p) { return errors_of("prefix-cache-scorer", p); };
        CHECK(errors("{matchLengthWeight: 1.5}") ==
              "7:35 matchLengthWeight must be in [0,1], got 1.5\n");
        CHECK(errors("{matchLengthWeight: 0.5, matchLengthScaleTokens: 0}") ==
              "7:64 matchLengthScaleTokens must be > 0\n");
        CHECK(errors("{matchLengthScaleTokens: 0}") == "");
        CHECK(errors("{hashBlockSize: 5, lruCapacityPerServer: 9}") == "");
    }
}
