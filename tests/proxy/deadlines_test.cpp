#include "proxy/deadlines.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace weir;
using weir::proxy::deadlines;

TEST_SUITE("proxy/deadlines") {
    TEST_CASE("nothing is limited by default") {
        const deadlines none;
        CHECK(none.nearest() == time_point{});
        CHECK_FALSE(none.any_over(time_point(1h)));
        CHECK_FALSE(none.request_over(time_point(1h)));
    }
    TEST_CASE("the nearest limit is the one that counts") {
        deadlines d;
        d.request = time_point(9s);
        d.attempt = time_point(5s);
        d.idle = time_point(7s);
        CHECK(d.nearest() == time_point(5s));
        CHECK_FALSE(d.any_over(time_point(4s)));
        CHECK(d.any_over(time_point(5s)));
        CHECK_FALSE(d.request_over(time_point(5s)));
        CHECK(d.request_over(time_point(9s)));
        d.attempt = d.idle = {};
        CHECK_FALSE(d.any_over(time_point(8s)));
    }
}
