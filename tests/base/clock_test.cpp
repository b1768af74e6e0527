#include "base/clock.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_SUITE("base/clock") {
    TEST_CASE("a moment survives its form as a number") {
        const auto now = weir::steady_clock::now();
        CHECK(weir::from_ns(weir::to_ns(now)) == now);
        CHECK(weir::to_ns(weir::from_ns(7)) == 7);
    }
    TEST_CASE("time asleep does not grow while the machine is awake") {
        const auto before = weir::suspended_time();
        const auto start = weir::steady_clock::now();
        while (weir::steady_clock::now() - start < 2ms) {
        }
        const auto after = weir::suspended_time();
        CHECK(before > -1s);
        CHECK(after - before < 1s);
        CHECK(before - after < 1s);
    }
}
