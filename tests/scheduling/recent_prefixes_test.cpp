#include "scheduling/recent_prefixes.hpp"

#include <doctest/doctest.h>

#include <string>

namespace weir::scheduling {

TEST_SUITE("scheduling/recent_prefixes") {
    TEST_CASE("a prefix goes by its end, however the prompts go on") {
        const std::string shared(1000, 's');
        const auto one = recent_prefixes::name(shared + "first question", 1000);
        CHECK(one == recent_prefixes::name(shared + "another", 1000));
        CHECK(one != recent_prefixes::name(shared + "another", 1004));
        CHECK(recent_prefixes::name(shared, 100) == 0);
        CHECK(recent_prefixes::name(shared, 5000) == recent_prefixes::name(shared, 1000));
    }

    TEST_CASE("it is remembered for as long as is asked, also across clocks a little apart") {
        recent_prefixes asked;
        constexpr std::uint64_t mine = 0x1234567800000077;
        constexpr std::uint64_t other = 0x8765432100000077;  // in the same cell
        const time_point now(std::chrono::hours(2000));
        const auto after = [&](int ms) { return now + std::chrono::milliseconds(ms); };
        CHECK(!asked.asked(mine, now, 1));
        asked.note(mine, now);
        CHECK(asked.asked(mine, after(999), 1));
        CHECK(!asked.asked(mine, after(1000), 1));
        CHECK(asked.asked(mine, after(-3), 1));
        CHECK(!asked.asked(other, now, 1));
        asked.note(0, now);
        CHECK(!asked.asked(0, now, 1));
        CHECK(!asked.asked(mine, after(0), 0));
    }
}

}  // namespace weir::scheduling
