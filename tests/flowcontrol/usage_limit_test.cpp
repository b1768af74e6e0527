#include "flowcontrol/usage_limit.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::flowcontrol;

namespace {

config::usage_limit_settings holdback(config::holdback_domain domain) {
    config::usage_limit_settings s;
    s.policy = config::usage_limit_policy::priority_holdback;
    s.min_ceiling = 0.4;
    s.max_ceiling = 1.0;
    s.domain = domain;
    return s;
}

}  // namespace

TEST_SUITE("flowcontrol/usage_limit") {
    TEST_CASE("a static limit is the same for every band") {
        config::usage_limit_settings s;
        s.threshold = 0.8;
        std::uint64_t tick = 0;
        CHECK(ceilings(s, std::vector{5, 0, -5}, 0.3, tick) == std::vector{0.8, 0.8, 0.8});
        CHECK(tick == 0);
    }

    TEST_CASE("a holdback by rank: max - i * (max - min) / (N - 1)") {
        std::uint64_t tick = 0;
        const auto c =
            ceilings(holdback(config::holdback_domain::rank), std::vector{100, 1, 0, -5}, 0, tick);
        CHECK(c[0] == doctest::Approx(1.0));
        CHECK(c[1] == doctest::Approx(0.8));
        CHECK(c[2] == doctest::Approx(0.6));
        CHECK(c[3] == doctest::Approx(0.4));
    }

    TEST_CASE("a holdback by value: min + (p - pmin) / (pmax - pmin) * (max - min)") {
        std::uint64_t tick = 0;
        const auto c =
            ceilings(holdback(config::holdback_domain::value), std::vector{100, 50, 0}, 0, tick);
        CHECK(c[0] == doctest::Approx(1.0));
        CHECK(c[1] == doctest::Approx(0.7));
        CHECK(c[2] == doctest::Approx(0.4));
        CHECK(ceilings(holdback(config::holdback_domain::value), std::vector{7}, 0, tick) ==
              std::vector{1.0});
    }

    TEST_CASE("soft reflective: open with room, shut when full, every k-th cycle between") {
        config::usage_limit_settings s;
        s.policy = config::usage_limit_policy::soft_reflective_ceiling;
        const std::vector bands{10, 0, -10};
        std::uint64_t tick = 0;
        // 0.3 < 1 - 0.3 * i / 2 for i = 1 and 2: all open.
        CHECK(ceilings(s, bands, 0.3, tick) == std::vector{1.0, 1.0, 1.0});
        CHECK(tick == 0);
        CHECK(ceilings(s, bands, 1.0, tick) == std::vector{1.0, 0.0, 0.0});
        CHECK(tick == 0);
        // 0.8: band 1 shuts at 0.6, band 2 at 0.2; k = round(0.8 / 0.2) = 4.
        std::string open;
        for (int i = 0; i < 8; ++i) open += ceilings(s, bands, 0.8, tick)[1] > 0.8 ? 'o' : '.';
        CHECK(open == "...o...o");
    }
}
