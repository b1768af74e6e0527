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
        CHECK(p.wanted_cpu(1000) == doctest::Approx(2.22).epsilon(0.01));
        CHECK(std::chrono::duration<double>(p.period()).count() ==
              doctest::Approx(1.17).epsilon(0.01));
        p.settle(10, true);
        CHECK_FALSE(p.limited());
        CHECK(p.period() == 50ms);
    }

    /// Cores that a minute of scraping took in all, a second at a time: pages that cost now more
    /// and now less, and a `hidden` share of each that was not seen as scraping.
    double minute_of_cores(std::size_t endpoints, weir::duration page, double hidden) {
        scrape_pace p(50ms, 0.1);
        double spent = 0;
        for (int second = 0; second < 60; ++second) {
            const std::chrono::duration<double> period = p.period();
            const auto scrapes =
                static_cast<std::uint64_t>(static_cast<double>(endpoints) / period.count());
            const auto seen = page * scrapes * (second % 2 == 0 ? 90 : 110) / 100;
            p.spent(std::chrono::duration_cast<weir::duration>(seen), scrapes);
            p.settle(endpoints, true);
            if (second < 5) continue;  // it learns what a page costs
            spent += std::chrono::duration<double>(seen).count() / (1 - hidden);
        }
        return spent / 55;
    }

    TEST_CASE("what is not seen of the cost of scraping does not take it over its share") {
        for (const auto page : {20us, 50us, 200us}) {
            for (const double hidden : {0.10, 0.125, 0.14}) {
                CAPTURE(page.count());
                CAPTURE(hidden);
                const auto cores = minute_of_cores(1000, page, hidden);
                CHECK(cores <= 0.1);
                CHECK(cores >= 0.09);
            }
        }
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
