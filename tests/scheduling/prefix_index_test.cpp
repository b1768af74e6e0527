#include "scheduling/prefix_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "chains.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

/// An index with one scratch, addressed by endpoint keys.
struct fixture {
    prefix_index index;
    prefix_scratch scratch;
    explicit fixture(std::size_t bytes = prefix_index::default_max_bytes) : index(bytes) {}

    void add(std::uint64_t key, const chain& c, std::size_t capacity = 31250) {
        REQUIRE(index.add(index.acquire(key), key, c, capacity, scratch));
    }
    std::map<std::uint64_t, std::uint32_t> match(const chain& c) {
        scratch.reset();
        index.match(c, scratch);
        std::map<std::uint64_t, std::uint32_t> found;
        for (const auto slot : scratch.hits()) {
            CHECK(found.emplace(index.key_of(slot), scratch.blocks(slot)).second);
        }
        return found;
    }
    std::uint32_t matched(std::uint64_t key, const chain& c) {
        const auto found = match(c);
        const auto it = found.find(key);
        return it == found.end() ? 0 : it->second;
    }
};

/// Blocks from the front of a prompt that are all held.
std::uint32_t blocks_in(const std::set<std::uint64_t>& held, const chain& prompt) {
    std::uint32_t n = 0;
    while (n < prompt.size() && held.contains(prompt[n])) ++n;
    return n;
}

/// What each endpoint was ever sent, block by block.
struct naive_index {
    std::map<std::uint64_t, std::set<std::uint64_t>> held;

    void add(std::uint64_t key, const chain& c) { held[key].insert(c.begin(), c.end()); }
    std::map<std::uint64_t, std::uint32_t> match(const chain& c) const {
        std::map<std::uint64_t, std::uint32_t> found;
        for (const auto& [key, blocks] : held) {
            const auto n = blocks_in(blocks, c);
            if (n != 0) found[key] = n;
        }
        return found;
    }
};

/// Prompts that often begin like an earlier one.
struct prompt_source {
    random_source random;
    std::vector<chain> made;
    explicit prompt_source(std::uint64_t seed) : random(seed) {}

    chain next(std::size_t longest) {
        chain c;
        if (!made.empty() && random.below(4) != 0) {
            c = made[random.below(made.size())];
            c.resize(random.below(c.size() + 1));
        }
        const auto more = random.below(longest) + (c.empty() ? 1 : 0);
        for (std::uint64_t i = 0; i < more; ++i) c.push_back(random());
        made.push_back(c);
        return c;
    }
};

}  // namespace

TEST_SUITE("scheduling/prefix_index") {
    TEST_CASE("an endpoint matches as many leading blocks as it was sent") {
        fixture f;
        random_source random(1);
        const auto c = random_chain(random, 40);
        CHECK(f.match(c).empty());
        f.add(7, chain(c.begin(), c.begin() + 21));
        CHECK(f.match(c) == std::map<std::uint64_t, std::uint32_t>{{7, 21}});
        f.add(9, c);
        CHECK(f.match(c) == std::map<std::uint64_t, std::uint32_t>{{7, 21}, {9, 40}});
        CHECK(f.match(chain(c.begin(), c.begin() + 5)) ==
              std::map<std::uint64_t, std::uint32_t>{{7, 5}, {9, 5}});
        CHECK(f.index.blocks() == 61);
        CHECK(f.index.blocks_of(7) == 21);
        CHECK(f.match(random_chain(random, 40)).empty());
    }

    TEST_CASE("an empty prompt changes and matches nothing") {
        fixture f;
        f.add(7, {});
        CHECK(f.match({}).empty());
        CHECK(f.index.blocks() == 0);
    }

    TEST_CASE("several prompts of one request add up") {
        fixture f;
        random_source random(2);
        const auto a = random_chain(random, 10);
        const auto b = random_chain(random, 20);
        f.add(1, a);
        f.add(1, b);
        f.add(2, b);
        f.scratch.reset();
        f.index.match(a, f.scratch);
        f.index.match(b, f.scratch);
        CHECK(f.scratch.blocks(f.index.acquire(1)) == 30);
        CHECK(f.scratch.blocks(f.index.acquire(2)) == 20);
    }

    TEST_CASE("a conversation that grows turn by turn is matched up to its last full block") {
        // The last block of each turn is partial, so the next turn has another one in its place.
        fixture f;
        random_source random(3);
        chain c = random_chain(random, 3);
        for (int turn = 0; turn < 60; ++turn) {
            f.add(5, c);
            CHECK(f.matched(5, c) == c.size());
            c.back() = random();
            CHECK(f.matched(5, c) == c.size() - 1);
            c.push_back(random());
        }
    }

    TEST_CASE("matches are those of a naive index, whatever the prompts share") {
        for (const std::uint64_t seed : {11UL, 12UL, 13UL, 14UL}) {
            fixture f;
            naive_index naive;
            prompt_source prompts(seed);
            const std::uint64_t endpoints = seed % 2 == 0 ? 5 : 40;
            for (int i = 0; i < 1500; ++i) {
                const auto c = prompts.next(seed < 13 ? 12 : 70);
                CAPTURE(seed);
                CAPTURE(i);
                REQUIRE(f.match(c) == naive.match(c));
                const auto key = 1 + prompts.random.below(endpoints);
                f.add(key, c);
                naive.add(key, c);
                REQUIRE(f.matched(key, c) == c.size());
            }
            std::size_t held = 0;
            for (const auto& [key, blocks] : naive.held) {
                CHECK(f.index.blocks_of(key) == blocks.size());
                held += blocks.size();
            }
            CHECK(f.index.blocks() == held);
        }
    }

    TEST_CASE("a thousand endpoints may hold the same prefix") {
        fixture f;
        naive_index naive;
        random_source random(4);
        const auto shared = random_chain(random, 50);
        for (std::uint64_t key = 1; key <= 1000; ++key) {
            chain c(shared.begin(), shared.begin() + static_cast<long>(random.below(51)));
            const auto tail = random_chain(random, random.below(30));
            c.insert(c.end(), tail.begin(), tail.end());
            f.add(key, c);
            naive.add(key, c);
            if (key % 100 == 0) REQUIRE(f.match(shared) == naive.match(shared));
        }
        for (std::uint64_t key = 1; key <= 1000; key += 3) f.add(key, shared, 20);
        const auto found = f.match(shared);
        for (std::uint64_t key = 1; key <= 1000; key += 3) CHECK(found.at(key) == 20);
        for (std::uint64_t key = 2; key <= 1000; key += 3) {
            const auto expected = naive.match(shared);
            const auto it = expected.find(key);
            if (it != expected.end()) CHECK(found.at(key) == it->second);
        }
    }

    TEST_CASE("capacity is exact: the prompt used longest ago is forgotten first, from its end") {
        fixture f;
        random_source random(5);
        const auto a = random_chain(random, 30);
        const auto b = random_chain(random, 30);
        const auto c = random_chain(random, 30);
        f.add(1, a, 70);
        f.add(1, b, 70);
        f.add(1, a, 70);  // b is now the older one
        f.add(1, c, 70);
        CHECK(f.matched(1, a) == 30);
        CHECK(f.matched(1, b) == 10);
        CHECK(f.matched(1, c) == 30);
        CHECK(f.index.blocks_of(1) == 70);
        f.add(1, c, 31);
        CHECK(f.matched(1, a) == 1);
        CHECK(f.matched(1, b) == 0);
        CHECK(f.matched(1, c) == 30);
    }

    TEST_CASE("looking up is no use") {
        fixture f;
        random_source random(6);
        const auto a = random_chain(random, 20);
        const auto b = random_chain(random, 20);
        f.add(1, a, 40);
        f.add(1, b, 40);
        CHECK(f.matched(1, a) == 20);
        f.add(1, random_chain(random, 20), 40);
        CHECK(f.matched(1, a) == 0);
        CHECK(f.matched(1, b) == 20);
    }

    TEST_CASE("a prompt longer than the capacity keeps its beginning") {
        fixture f;
        random_source random(7);
        const auto a = random_chain(random, 100);
        f.add(1, a, 33);
        CHECK(f.matched(1, a) == 33);
        CHECK(f.index.blocks() == 33);
        f.add(1, a, 0);
        CHECK(f.index.blocks() == 0);
    }

    TEST_CASE("one endpoint forgetting does not touch another") {
        fixture f;
        random_source random(8);
        const auto a = random_chain(random, 50);
        f.add(1, a, 50);
        f.add(2, a, 50);
        f.add(1, random_chain(random, 40), 50);
        CHECK(f.matched(1, a) == 10);
        CHECK(f.matched(2, a) == 50);
    }

    TEST_CASE("with prompts that share nothing, use is the order of a block by block list") {
        // Model: blocks of one endpoint, newest first; a used prompt goes to the front as a whole.
        fixture f;
        random_source random(9);
        std::vector<chain> prompts;
        for (int i = 0; i < 40; ++i) prompts.push_back(random_chain(random, 1 + random.below(50)));
        const std::size_t capacity = 300;
        std::list<std::uint64_t> newest_first;
        for (int i = 0; i < 3000; ++i) {
            const auto& p = prompts[random.below(prompts.size())];
            f.add(1, p, capacity);
            for (auto h = p.rbegin(); h != p.rend(); ++h) {
                newest_first.remove(*h);
                newest_first.push_front(*h);
            }
            while (newest_first.size() > capacity) newest_first.pop_back();
            const std::set<std::uint64_t> held(newest_first.begin(), newest_first.end());
            const auto& q = prompts[random.below(prompts.size())];
            CAPTURE(i);
            REQUIRE(f.matched(1, q) == blocks_in(held, q));
            REQUIRE(f.index.blocks() == held.size());
        }
    }

    TEST_CASE("prompts are forgotten as a whole where that is asked for, as in a list of blocks") {
        // Model: the endpoint picker's list of blocks, newest first. A prompt's front is the older.
        fixture f;
        random_source random(19);
        std::vector<chain> prompts;
        for (int i = 0; i < 40; ++i) {
            auto p = random_chain(random, 1 + random.below(50));
            // Every other one begins like the one before, for whole windows.
            if (i % 2 == 1) {
                auto shared = prompts.back();
                shared.resize(std::min<std::size_t>(shared.size(), 32) / 16 * 16);
                p.insert(p.begin(), shared.begin(), shared.end());
            }
            prompts.push_back(p);
        }
        const std::size_t capacity = 300;
        std::list<std::uint64_t> newest_first;
        for (int i = 0; i < 3000; ++i) {
            const auto& p = prompts[random.below(prompts.size())];
            REQUIRE(f.index.add(f.index.acquire(1), 1, p, capacity, f.scratch,
                                prefix_index::forgetting::prompts));
            for (const auto h : p) {
                newest_first.remove(h);
                newest_first.push_front(h);
            }
            while (newest_first.size() > capacity) newest_first.pop_back();
            const std::set<std::uint64_t> held(newest_first.begin(), newest_first.end());
            const auto& q = prompts[random.below(prompts.size())];
            CAPTURE(i);
            REQUIRE(f.matched(1, q) == blocks_in(held, q));
            REQUIRE(f.index.blocks() <= held.size());
        }
    }

    TEST_CASE("shared prefixes, evictions and removals keep the invariants") {
        fixture f;
        naive_index naive;  // never forgets: an upper bound
        prompt_source prompts(10);
        for (int i = 0; i < 6000; ++i) {
            const auto c = prompts.next(40);
            const auto key = 1 + prompts.random.below(6);
            const std::size_t capacity = 50 * key;
            f.add(key, c, capacity);
            naive.add(key, c);
            CAPTURE(i);
            REQUIRE(f.matched(key, c) == std::min(c.size(), capacity));
            REQUIRE(f.index.blocks_of(key) <= capacity);
            const auto& q = prompts.made[prompts.random.below(prompts.made.size())];
            const auto upper = naive.match(q);
            for (const auto& [k, n] : f.match(q)) REQUIRE(n <= upper.at(k));
            if (i % 500 == 499) {
                f.index.remove(key);
                naive.held.erase(key);
                // Removed blocks go with later adds; a chain of the other endpoints drives that.
                for (int j = 0; j < 10; ++j) f.add(100, random_chain(prompts.random, 5), 40);
                REQUIRE(f.index.blocks_of(key) == 0);
            }
            if (prompts.made.size() > 300) prompts.made.erase(prompts.made.begin());
        }
        for (std::uint64_t key = 1; key <= 6; ++key) f.index.remove(key);
        f.index.remove(100);
        for (int j = 0; j < 10; ++j) f.add(200, {1, 2, 3});
        for (const auto& c : prompts.made) CHECK(f.match(c).empty());
        CHECK(f.index.blocks() == 3);
    }

    TEST_CASE("the bytes are a hard bound, and what was used last survives") {
        const std::size_t bytes = std::size_t{2} << 20;
        for (const std::size_t length : {1UL, 4UL, 60UL, 860UL}) {
            fixture f(bytes);
            random_source random(length);
            const std::size_t records = 64 * 512;
            chain recent;
            for (std::size_t sent = 0; sent < 600'000; sent += length) {
                const auto key = 1 + random.below(8);
                recent = random_chain(random, length);
                f.add(key, recent, 1'000'000);
                if (sent % (length * 512) == 0) REQUIRE(f.index.bytes() <= bytes + records);
                REQUIRE(f.matched(key, recent) == length);
            }
            CAPTURE(length);
            CHECK(f.index.bytes() <= bytes + records);
            CHECK(f.index.blocks() > (length == 1 ? 25'000UL : 50'000UL));
        }
    }

    TEST_CASE("when memory is out, the endpoint with the oldest use forgets") {
        fixture f(std::size_t{1} << 20);
        random_source random(21);
        const auto old = random_chain(random, 800);
        const auto kept = random_chain(random, 800);
        f.add(1, old);
        for (int i = 0; i < 400; ++i) {
            f.add(2, random_chain(random, 800), 1'000'000);
            f.add(3, kept);
        }
        CHECK(f.matched(1, old) == 0);
        CHECK(f.matched(3, kept) == 800);
    }

    TEST_CASE("an endpoint missing from two sweeps in a row is removed, and its slot reused") {
        fixture f;
        random_source random(22);
        const auto a = random_chain(random, 20);
        f.add(1, a);
        f.add(2, a);
        const auto slot = f.index.acquire(1);
        const std::vector<std::uint64_t> both{1, 2};
        const std::vector<std::uint64_t> second{2};
        f.index.sweep(second);
        f.index.sweep(both);
        f.index.sweep(second);
        f.add(2, a);
        CHECK(f.matched(1, a) == 20);
        f.index.sweep(second);
        f.add(2, a);
        CHECK(f.match(a) == std::map<std::uint64_t, std::uint32_t>{{2, 20}});
        CHECK(f.index.acquire(3) == slot);
        CHECK_FALSE(f.index.add(slot, 1, a, 100, f.scratch));
        CHECK(f.matched(3, a) == 0);
    }

    TEST_CASE("an endpoint that returns before it was cleared keeps its slot") {
        fixture f;
        random_source random(23);
        f.add(1, random_chain(random, 20));
        const auto slot = f.index.acquire(1);
        f.index.remove(1);
        CHECK(f.index.acquire(1) == slot);
        f.add(2, random_chain(random, 20));
        CHECK(f.index.blocks_of(1) == 20);
    }

    TEST_CASE("workers may match, add and remove at once") {
        prefix_index index(std::size_t{1} << 20);
        std::vector<chain> shared;
        random_source random(24);
        for (int i = 0; i < 20; ++i) shared.push_back(random_chain(random, 100));
        std::vector<std::thread> workers;
        for (std::uint64_t w = 0; w < 4; ++w) {
            workers.emplace_back([&, w] {
                random_source own(100 + w);
                prefix_scratch scratch;
                for (int i = 0; i < 4000; ++i) {
                    auto c = shared[own.below(shared.size())];
                    c.resize(own.below(c.size()) + 1);
                    if (own.below(2) == 0) c.push_back(own());
                    scratch.reset();
                    index.match(c, scratch);
                    for (const auto slot : scratch.hits()) {
                        if (scratch.blocks(slot) > c.size()) std::abort();
                    }
                    const auto key = 1 + own.below(5);
                    const auto slot = index.acquire(key);
                    index.add(slot, key, c, 500, scratch);
                    if (i % 50 == 0) index.remove(key);
                    if (i % 64 == 0) index.add(slot, key, random_chain(own, 400), 5000, scratch);
                }
            });
        }
        for (auto& worker : workers) worker.join();
        // Whatever happened, the index still counts exactly what can be found in it.
        for (std::uint64_t key = 1; key <= 5; ++key) index.remove(key);
        prefix_scratch scratch;
        const auto slot = index.acquire(99);
        for (int i = 0; i < 400; ++i) index.add(slot, 99, shared[0], 500, scratch);
        CHECK(index.blocks() == 100);
        for (const auto& c : shared) {
            scratch.reset();
            index.match(c, scratch);
            CHECK(scratch.hits().size() == (c == shared[0] ? 1UL : 0UL));
        }
    }
}
