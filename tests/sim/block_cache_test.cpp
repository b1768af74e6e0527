#include "sim/block_cache.hpp"

#include <doctest/doctest.h>

#include <unordered_map>
#include <vector>

#include "weir/random.hpp"

using weir::sim::block_cache;

TEST_SUITE("sim/block_cache") {
    TEST_CASE("a released block is found again by its hash until it is handed out") {
        block_cache cache(2);
        const auto a = cache.allocate();
        cache.commit(a, 11);
        cache.release(a);
        CHECK(cache.free() == 2);
        const std::vector<std::uint64_t> want{11, 12};
        CHECK(cache.match(want) == 1);
        CHECK(cache.take(11) == a);
        CHECK(cache.free() == 1);
        cache.release(a);
        cache.allocate();  // the block without content goes first
        CHECK(cache.match(want) == 1);
        cache.allocate();
        CHECK(cache.match(want) == 0);
        CHECK(cache.evictions() == 1);
        CHECK(cache.usage() == doctest::Approx(1));
    }

    TEST_CASE("the least recently freed content is lost first") {
        block_cache cache(3);
        for (const std::uint64_t hash : {1U, 2U, 3U}) cache.commit(cache.allocate(), hash);
        cache.release(1);
        cache.release(0);
        cache.release(2);
        cache.allocate();
        CHECK(cache.match(std::vector<std::uint64_t>{2}) == 0);
        CHECK(cache.match(std::vector<std::uint64_t>{1}) == 1);
        CHECK(cache.match(std::vector<std::uint64_t>{3}) == 1);
    }

    TEST_CASE("a block with two users is free after both have left") {
        block_cache cache(1);
        const auto a = cache.allocate();
        cache.commit(a, 5);
        CHECK(cache.take(5) == a);
        cache.release(a);
        CHECK(cache.free() == 0);
        cache.release(a);
        CHECK(cache.free() == 1);
    }

    TEST_CASE("with reuse off nothing is found") {
        block_cache cache(2, false);
        cache.commit(cache.allocate(), 5);
        CHECK(cache.match(std::vector<std::uint64_t>{5}) == 0);
    }

    TEST_CASE("clear forgets idle content and keeps what is in use") {
        block_cache cache(2);
        const auto a = cache.allocate();
        cache.commit(a, 1);
        const auto b = cache.allocate();
        cache.commit(b, 2);
        cache.release(b);
        cache.clear();
        CHECK(cache.match(std::vector<std::uint64_t>{1}) == 1);
        CHECK(cache.match(std::vector<std::uint64_t>{2}) == 0);
    }

    TEST_CASE("the table agrees with a plain map through a hundred thousand evictions") {
        block_cache cache(97);
        weir::random_source random(7);
        std::unordered_map<std::uint64_t, block_cache::block_id> held;
        std::vector<std::uint64_t> content(97, 0);
        for (int i = 0; i < 100'000; ++i) {
            // Few high bits differ, so that runs of collisions form.
            const auto hash = 1 + random.below(400);
            const std::vector<std::uint64_t> one{hash};
            REQUIRE((cache.match(one) == 1) == held.contains(hash));
            if (held.contains(hash)) {
                REQUIRE(cache.take(hash) == held[hash]);
                cache.release(held[hash]);
            } else {
                const auto id = cache.allocate();
                if (content[id] != 0) held.erase(content[id]);
                cache.commit(id, hash);
                content[id] = hash;
                held[hash] = id;
                cache.release(id);
            }
            REQUIRE(cache.free() == 97);
        }
        CHECK(held.size() == 97);
    }
}
