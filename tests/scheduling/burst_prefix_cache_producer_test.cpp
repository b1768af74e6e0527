#include <algorithm>

#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

using std::chrono_literals::operator""ms;

std::string document(const std::string& parameters) {
    return "plugins:\n- {name: burst, type: burst-prefix-cache-producer, parameters: {" +
           parameters +
           "}}\n- {type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: burst}}\n";
}

picker_under_test::time at(int ms) {
    return picker_under_test::time(std::chrono::seconds(100) + std::chrono::milliseconds(ms));
}

constexpr std::uint32_t nowhere = 0xffffffff;

/// Requests that come within one window, and where each is said to belong.
struct window {
    picker_under_test it;
    std::vector<std::unique_ptr<sized_request>> requests;
    std::vector<std::string> names;
    std::vector<int> waits;

    explicit window(const std::string& text) : it(text) {}

    /// A prompt of so many tokens; those of other `kinds` share nothing.
    void add(std::size_t tokens, std::size_t kind = 0) {
        auto& r = *requests.emplace_back(std::make_unique<sized_request>(tokens));
        for (std::size_t i = 0; i < 4; ++i) r.text[i] = static_cast<char>('a' + kind % 26 + i);
        names.push_back("request-" + std::to_string(names.size()));
        waits.push_back(static_cast<int>(it.gather(named(names.size() - 1), at(0)).count()));
    }
    inference_request named(std::size_t i) const {
        auto out = requests[i]->request;
        out.request_id = names[i];
        return out;
    }
    ids assigned(const test_pool& pool) {
        ids out;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            it.decide(pool, named(i), i, at(100));
            const auto& match = it.data().prefix.at(0);
            const auto best =
                std::max_element(match.matched_blocks.begin(), match.matched_blocks.end());
            out.push_back(match.present
                              ? static_cast<std::uint32_t>(best - match.matched_blocks.begin())
                              : nowhere);
        }
        return out;
    }
};

}  // namespace

TEST_SUITE("scheduling/burst_prefix_cache_producer") {
    TEST_CASE("the requests of a window wait for its end") {
        picker_under_test it(document("windowDurationMs: 50"));
        const sized_request a(100);
        CHECK(it.gather(a.request, at(0)) == 50ms);
        CHECK(it.gather(a.request, at(30)) == 20ms);
        CHECK(it.gather(a.request, at(50)) == 50ms);  // the next window
        CHECK(it.gather(inference_request{}, at(60)) == 0ms);
        CHECK(picker_under_test("plugins: [{type: queue-scorer}]\n").gather(a.request, at(0)) ==
              0ms);
    }

    TEST_CASE("one prompt in one window goes to one endpoint; its match is the whole prompt") {
        test_pool pool(3);
        pool.signals.running = {5, 0, 5};
        window w(document(""));
        for (int i = 0; i < 4; ++i) w.add(100);
        CHECK(w.assigned(pool) == ids{1, 1, 1, 1});
        const auto& prefix = w.it.data().prefix.at(0);
        CHECK(prefix.total_blocks == 2);
        CHECK(prefix.block_size_tokens == 64);
        CHECK(prefix.matched_blocks == scores{0, 2, 0});
    }

    TEST_CASE("groups are spread, the longest first; who is alone is not assigned") {
        test_pool pool(2);
        window w(document(""));
        // Lengths: two of 100 tokens, two of 300, one of 500. The group of 300 is placed first, on
        // the lower id.
        for (const auto tokens : ids{100, 300, 500, 100, 300}) w.add(tokens, tokens);
        CHECK(w.assigned(pool) == ids{1, 0, nowhere, 1, 0});
    }

    TEST_CASE("so many of one prompt on one endpoint; beyond that on the least loaded") {
        test_pool pool(2);
        window w(document("maxPerReplica: 2"));
        for (int i = 0; i < 4; ++i) w.add(100);
        CHECK(w.assigned(pool) == ids{0, 0, 1, 1});
        window more(document("maxPerReplica: 1"));
        for (int i = 0; i < 4; ++i) more.add(100);
        // Both are at the cap after two: the least loaded takes one at a time.
        CHECK(more.assigned(pool) == ids{0, 1, 0, 1});
    }

    TEST_CASE("prompts that begin alike are put together until the share is used up") {
        test_pool pool(2);
        window w(document("minColocateBlocks: 2"));
        // Four singles of 3 to 6 blocks with the same beginning: a share is two requests.
        for (const auto tokens : ids{192, 256, 320, 384}) w.add(tokens);
        CHECK(w.assigned(pool) == ids{1, 1, 0, 0});
        window apart(document("minColocateBlocks: 7"));
        for (const auto tokens : ids{192, 256}) apart.add(tokens);
        CHECK(apart.assigned(pool) == ids{nowhere, nowhere});
    }

    TEST_CASE("balanced by tokens, an endpoint pays once for blocks that it holds") {
        test_pool pool(2);
        window w(document("balanceBy: tokens"));
        // Three of ten blocks to the first, then two groups of four and one of them beside it.
        for (int i = 0; i < 3; ++i) w.add(640, 1);
        for (int i = 0; i < 2; ++i) w.add(256, 2);
        for (int i = 0; i < 2; ++i) w.add(256, 3);
        CHECK(w.assigned(pool) == ids{0, 0, 0, 1, 1, 1, 1});
    }

    TEST_CASE("a full window assigns nobody more, and an endpoint that left is no match") {
        test_pool pool(2);
        window w(document("maxBatchSize: 2"));
        for (int i = 0; i < 3; ++i) w.add(100);
        CHECK(w.waits == std::vector<int>{100, 100, 0});
        CHECK(w.assigned(pool) == ids{0, 0, nowhere});
        window gone(document(""));
        for (int i = 0; i < 2; ++i) gone.add(100);
        CHECK(gone.assigned(pool) == ids{0, 0});
        pool.ready = {1};
        CHECK(gone.assigned(pool) == ids{nowhere, nowhere});
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
