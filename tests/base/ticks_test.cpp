#include "base/ticks.hpp"

#include <doctest/doctest.h>

#include "base/clock.hpp"

TEST_SUITE("base/ticks") {
    TEST_CASE("ticks go forward, at about the pace of the steady clock") {
        using namespace weir;
        const auto scale = seconds_per_tick();
        const auto from = steady_clock::now();
        const auto first = ticks();
        while (steady_clock::now() - from < std::chrono::milliseconds(1)) {
        }
        const auto second = ticks();
        REQUIRE(second > first);
        const auto took = std::chrono::duration<double>(steady_clock::now() - from).count();
        // At least the wait, at most what the steady clock says afterwards; a tenth for its grain.
        CHECK(static_cast<double>(second - first) * scale > 0.9e-3);
        CHECK(static_cast<double>(second - first) * scale < took * 1.1);
    }
}
