#include "http/memory_grant.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>

#include "http/buffer_pool.hpp"

using namespace weir::http;

namespace {

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;

}  // namespace

TEST_SUITE("http/memory_grant") {
    TEST_CASE("where little is left the limit is exact") {
        std::atomic<std::int64_t> left{1000};
        memory_grant a(&left);
        memory_grant b(&left);
        CHECK(a.take(600));
        CHECK_FALSE(b.take(500));
        CHECK(b.take(400));
        CHECK_FALSE(a.take(1));
        a.give(600);
        CHECK(left == 600);
        CHECK(b.take(600));
    }

    TEST_CASE("where much is left the shared number is touched once in a while") {
        std::atomic<std::int64_t> left{1024 * mebibyte};
        memory_grant a(&left);
        REQUIRE(a.take(1000));
        const auto seen = left.load();
        for (int i = 0; i < 1000; ++i) {
            REQUIRE(a.take(1000));
            a.give(1000);
        }
        CHECK(left == seen);
    }

    TEST_CASE("nothing is lost and little is kept back") {
        std::atomic<std::int64_t> left{1024 * mebibyte};
        {
            memory_grant a(&left);
            REQUIRE(a.take(100 * mebibyte));
            a.give(100 * mebibyte);
            CHECK(left == 1024 * mebibyte);
            REQUIRE(a.take(1));
            CHECK(left >= 1022 * mebibyte);
            a.give(1);
        }
        CHECK(left == 1024 * mebibyte);
    }

    TEST_CASE("without a limit everything is granted") {
        memory_grant a(nullptr);
        CHECK(a.take(std::int64_t{1} << 60));
    }

    TEST_CASE("a large buffer is used again for a like size only") {
        large_buffer_pool pool;
        auto first = pool.take(200'000);
        CHECK(first.capacity >= 200'000);
        const auto* data = first.data.get();
        pool.give(std::move(first));
        CHECK(pool.take(1'000'000).data.get() != data);
        CHECK(pool.take(20'000).data.get() != data);
        CHECK(pool.take(210'000).data.get() == data);
    }
}
