#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

std::string document(const std::string& parameters) {
    return "plugins:\n- {name: burst, type: burst-prefix-cache-producer, parameters: {" +
           parameters +
           "}}\n- {type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: burst}}\n";
}

picker_under_test::time at(int ms) {
    return picker_under_test::time(std::chrono::seconds(100) + std::chrono::milliseconds(ms));
}

}  // namespace

TEST_SUITE("scheduling/burst_prefix_cache_producer") {
    TEST_CASE("one prompt in one window goes to one endpoint; its match is the whole prompt") {
        test_pool pool(3);
        picker_under_test it(document(""));
        const sized_request a(100);
        const auto first = it.pick(pool, a.request, 1, at(0));
        const auto& prefix = it.data().prefix.at(0);
        CHECK(prefix.total_blocks == 2);
        CHECK(prefix.block_size_tokens == 64);
        CHECK(prefix.matched_blocks[first] == 2);
        CHECK(prefix.matched_blocks[(first + 1) % 3] == 0);
        for (std::uint64_t seed = 2; seed < 12; ++seed)
            CHECK(it.pick(pool, a.request, seed, at(50)) == first);
    }

    TEST_CASE("different prompts are spread by members; a window ends") {
        test_pool pool(3);
        picker_under_test it(document(""));
        std::array<int, 3> counts{};
        for (std::size_t i = 0; i < 9; ++i)
            ++counts[it.pick(pool, sized_request(100 + i).request, i, at(10))];
        CHECK(counts == std::array<int, 3>{3, 3, 3});
        pool.signals.running = {5, 0, 5};  // a new window: all loads are 0, fewer running wins
        CHECK(it.pick(pool, sized_request(400).request, 1, at(500)) == 1);
    }

    TEST_CASE("so many of one prompt on one endpoint") {
        test_pool pool(2);
        picker_under_test it(document("maxPerReplica: 2"));
        const sized_request a(100);
        std::array<int, 2> counts{};
        for (std::uint64_t i = 0; i < 4; ++i) ++counts[it.pick(pool, a.request, i, at(1))];
        CHECK(counts == std::array<int, 2>{2, 2});
    }

    TEST_CASE("parameters are checked") {
        const auto errors = [](const char* p) {
            return errors_of("burst-prefix-cache-producer", p);
        };
        CHECK(errors("{windowDurationMs: 0}") ==
              "7:34 windowDurationMs must be in [1,10000], got 0\n");
        CHECK(errors("{maxPerReplica: 0}") == "7:31 maxPerReplica must be -1 or >= 1\n");
        CHECK(errors("{blockSizeTokens: 0}") == "7:33 blockSizeTokens must be > 0, got 0\n");
        CHECK(errors("{maxPrefixTokensToMatch: 63}") ==
              "7:40 maxPrefixTokensToMatch must be >= blockSizeTokens\n");
        CHECK(errors("{minColocateBlocks: -1}") == "7:35 minColocateBlocks must be >= 0, got -1\n");
        CHECK(errors("{maxBatchSize: 0}") == "7:30 maxBatchSize must be -1 or >= 1\n");
        CHECK(errors("{balanceBy: size}") == "7:27 unsupported balanceBy \"size\"\n");
        CHECK(errors("{balanceBy: ''}") == "");
    }
}
