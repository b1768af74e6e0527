#include "datalayer/scrape_pace.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace weir::datalayer;

TEST_SUITE("datalayer/scrape_pace") {
    TEST_CASE("the floor is what was asked for, never below 50 ms") {
        CHECK(scrape_pace(200ms, 0.1).period() == 200ms);
        CHECK(scrape_pace(1ms, 0.1).period() == 50ms);
        CHECK(scrape_pace(50ms, 0.1).staleness_floor() == doctest::Approx(0.15));
    }

    TEST_CASE("a small pool keeps its pace, idle or not") {
        scrape_pace p(50ms, 0.1);
        p.spent(100 * 30us, 100);
        p.settle(4, true);
        CHECK(p.period() == 50ms);
        p.settle(4, false);
        CHECK(p.period() == 50ms);
        CHECK_FALSE(p.limited());
    }

    TEST_CASE(
        "a hundred endpoints slow down while nothing happens, and pick up with the first request") {
        scrape_pace p(50ms, 0.1);
        p.spent(1000 * 30us, 1000);
        p.settle(100, false);
        CHECK(p.staleness_floor() == doctest::Approx(3).epsilon(0.001));  // 3 × 1 s
        p.settle(100, true);
        CHECK(p.period() == 50ms);
    }

    TEST_CASE("while nothing happens a hundred endpoints cost less than a hundredth of a core") {
        for (const auto page : {20us, 100us, 250us}) {  // even where half of the cost is not seen
            scrape_pace p(50ms, 0.1);
            p.spent(1000 * page, 1000);
            p.settle(100, false);
            const std::chrono::duration<double> seen = 100 * page;
            const std::chrono::duration<double> period = p.period();
            CHECK(2 * seen / period <= 0.0061);
            CHECK(p.period() >= p.floor());
            CHECK(p.staleness_floor() >= 3 * period.count() * 0.999);
        }
    }

    TEST_CASE("beyond its share of CPU the period grows for all, and it is said that it did") {
        scrape_pace p(50ms, 0.1);
        p.spent(1000 * 100us, 1000);
        p.settle(1000, true);
        CHECK(p.limited());
        CHECK(p.wanted_cpu(1000) == doctest::Approx(2.0));
        CHECK(std::chrono::duration<double>(p.period()).count() ==
              doctest::Approx(1.11).epsilon(0.01));
        p.settle(10, true);
        CHECK_FALSE(p.limited());
        CHECK(p.period() == 50ms);
    }

    TEST_CASE("too few scrapes are no measurement, and one slow window does not decide alone") {
        scrape_pace p(50ms, 0.1);
        p.spent(1s, 2);
        p.settle(100, true);
        CHECK(p.period() == 50ms);
        p = scrape_pace(50ms, 0.1);
        p.spent(10 * 10us, 10);
        p.settle(100, true);
        p.spent(10 * 1000us, 10);
        p.settle(100, true);
        CHECK(p.wanted_cpu(100) < 0.7);
    }

    TEST_CASE("no cost makes a period longer than ten seconds") {
        scrape_pace p(50ms, 0.001);
        p.spent(100s, 10);
        p.settle(1000, true);
        CHECK(p.period() == scrape_pace::longest);
    }
}
