#include "sim/telemetry.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace weir::sim;

TEST_SUITE("sim/telemetry") {
    TEST_CASE("upper bounds are inclusive and what is larger than all goes last") {
        distribution d(small_count_bounds());
        for (const double v : {1.0, 1.5, 2.0, 20.0, 21.0}) d.observe(v);
        CHECK(d.bucket(0) == 1);
        CHECK(d.bucket(1) == 2);
        CHECK(d.bucket(4) == 1);
        CHECK(d.bucket(5) == 1);
        CHECK(d.count() == 5);
        CHECK(d.sum() == doctest::Approx(45.5));
    }

    TEST_CASE("bounds ascend, as many as vLLM has") {
        for (const auto bounds : {ttft_bounds(), token_time_bounds(), request_time_bounds(),
                                  token_count_bounds(), iteration_bounds()}) {
            double last = -std::numeric_limits<double>::infinity();
            for (const double b : bounds) {
                CHECK(b > last);
                last = b;
            }
        }
        CHECK(ttft_bounds().size() == 22);
        CHECK(token_time_bounds().size() == 19);
        CHECK(request_time_bounds().size() == 21);
    }
}
