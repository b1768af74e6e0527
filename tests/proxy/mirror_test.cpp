#include "proxy/mirror.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace weir;
using namespace weir::proxy;

TEST_SUITE("proxy/mirror") {
    TEST_CASE("the candidate with the fewest requests is taken, equal ones in turn") {
        signal_columns signals;
        signals.inflight_requests = {0, 3, 1, 1};
        random_source random(1);
        const std::array<std::uint32_t, 3> without_first{1, 2, 3};
        std::array<int, 4> taken{};
        for (int i = 0; i < 200; ++i) ++taken[least_requests(signals, without_first, random)];
        CHECK(taken[0] == 0);
        CHECK(taken[1] == 0);
        CHECK(taken[2] > 60);
        CHECK(taken[3] > 60);
        const std::array<std::uint32_t, 1> alone{1};
        CHECK(least_requests(signals, alone, random) == 1);
    }
}
