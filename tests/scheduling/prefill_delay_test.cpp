#include "scheduling/prefill_delay.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace weir::scheduling {
namespace {

/// A pool whose endpoints differ in everything, some of it unknown.
struct pool {
    std::vector<std::vector<double>> columns;

    explicit pool(std::size_t n) : columns(14, std::vector<double>(n)) {
        std::mt19937 random(static_cast<unsigned>(n));
        const auto below = [&](double most) {
            return std::uniform_real_distribution<double>(0, most)(random);
        };
        const double most[14] = {20, 30, 1.2, 3, 2, 64, 4000, 12, 90000, 20000, 8000, 4, 3, 0};
        for (std::size_t c = 0; c < columns.size(); ++c) {
            for (auto& v : columns[c]) v = random() % 4 == 0 ? 0 : below(most[c]);
        }
        for (std::size_t e = 0; e < n; ++e) {
            columns[11][e] = 1 + columns[11][e];
            columns[13][e] = random() % 5 == 0 ? 1 : 0;
            if (random() % 7 == 0) columns[10][e] = std::numeric_limits<double>::quiet_NaN();
            if (random() % 7 == 0) columns[3][e] = std::numeric_limits<double>::infinity();
        }
    }

    delay_columns view() const {
        const auto c = [&](std::size_t i) { return columns[i].data(); };
        return {c(0), c(1), c(2), c(3),  c(4),  c(5),  c(6),
                c(7), c(8), c(9), c(10), c(11), c(12), c(13)};
    }
};

std::vector<std::uint32_t> first(std::size_t n) {
    std::vector<std::uint32_t> out(n);
    std::iota(out.begin(), out.end(), 0U);
    return out;
}

}  // namespace

TEST_SUITE("scheduling/prefill_delay") {
    TEST_CASE(
        "a score is what its explanation adds up to, however many endpoints are rated at once") {
        for (const std::size_t n : {1UL, 2UL, 3UL, 4UL, 5UL, 8UL, 31UL, 1000UL}) {
            const pool p(n);
            const auto c = p.view();
            const auto everybody = first(n);
            const auto w = weigh_delays({}, c, everybody, n, {1 / 15000.0, 1000});
            std::vector<double> scores(n);
            rate_delays(c, everybody, n, w, scores.data());
            for (std::size_t e = 0; e < n; ++e) {
                const auto t = terms_of(c.at<double>(e), w);
                CHECK(scores[e] == 1 / (1 + (t.waiting + t.others + t.memory)));
                CHECK(scores[e] > 0);
            }
        }
    }

    TEST_CASE("leaving an endpoint out that sets no minimum changes nobody else's score") {
        const std::size_t n = 9;
        pool p(n);
        for (auto& column : p.columns) column[n - 1] = 1e6;
        for (auto& tokens : p.columns[8]) tokens += 1e6;  // more than a pool can serve in time
        const auto c = p.view();
        const auto w = weigh_delays({}, c, first(n), n, {1 / 15000.0, 1000});
        const auto fewer = weigh_delays({}, c, first(n - 1), n, {1 / 15000.0, 1000});
        std::vector<double> scores(n);
        std::vector<double> rest(n - 1);
        rate_delays(c, first(n), n, w, scores.data());
        rate_delays(c, first(n - 1), n, fewer, rest.data());
        CHECK(w.queue == fewer.queue);
        CHECK(std::equal(rest.begin(), rest.end(), scores.begin()));
    }

    TEST_CASE("the mean queue says how much of the pool's work can be in time nowhere") {
        pool p(7);
        for (auto& column : p.columns) std::fill(column.begin(), column.end(), 0);
        std::fill(p.columns[11].begin(), p.columns[11].end(), 1);
        const delay_settings s;
        const pool_pace pace{1 / 15000.0, 1000};
        const auto overload = [&] { return weigh_delays(s, p.view(), first(7), 7, pace).overload; };
        CHECK(overload() == 0);
        p.columns[8][3] = 7 * s.patience * 15000;  // one has all the work
        CHECK(overload() == doctest::Approx(1 / 1.25).epsilon(0.001));
        std::fill(p.columns[8].begin(), p.columns[8].end(), 2 * s.patience * 15000);
        CHECK(overload() == 1);
        p.columns[12][0] = 1e300;
        CHECK(overload() == 1);
    }

    TEST_CASE("a prefix that one endpoint alone holds costs more to compute again") {
        pool p(6);
        for (auto& column : p.columns) std::fill(column.begin(), column.end(), 0);
        auto& uncached = p.columns[10];
        uncached = {4000, 4000, 100, 4000, 4000, 4000};
        const auto alone = weigh_delays({}, p.view(), first(6), 6, {1 / 15000.0, 1000});
        uncached[4] = 100;
        const auto shared = weigh_delays({}, p.view(), first(6), 6, {1 / 15000.0, 1000});
        const delay_settings s;
        CHECK(alone.again == s.private_weight - 1);
        CHECK(shared.again == s.uncached_weight - 1);
    }
}

}  // namespace weir::scheduling
