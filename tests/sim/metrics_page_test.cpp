#include "sim/metrics_page.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace weir::sim;

TEST_SUITE("sim/metrics_page") {
    TEST_CASE("numbers look as the Python client prints them") {
        CHECK(format_sample(0) == "0.0");
        CHECK(format_sample(37) == "37.0");
        CHECK(format_sample(0.8731) == "0.8731");
        CHECK(format_sample(123456) == "123456.0");
        CHECK(format_sample(8123904) == "8.123904e+06");
        CHECK(format_sample(1788184200) == "1.7881842e+09");
        CHECK(format_sample(1e6) == "1e+06");
        CHECK(format_sample(-3) == "-3.0");
        CHECK(format_sample(std::numeric_limits<double>::infinity()) == "+Inf");
        CHECK(format_sample(std::numeric_limits<double>::quiet_NaN()) == "NaN");
        CHECK(format_sample(1e-7) == "1e-07");
    }

    TEST_CASE("a histogram is cumulative and its labels are in alphabetical order") {
        distribution d(small_count_bounds());
        d.observe(1);
        d.observe(3);
        page_writer w(R"(engine="0",model_name="m,x")", -1);
        w.histogram("h", "help", d);
        const auto page = w.take();
        CHECK(
            page.starts_with("# HELP h help\n# TYPE h histogram\n"
                             "h_bucket{engine=\"0\",le=\"1.0\",model_name=\"m,x\"} 1.0\n"));
        CHECK(page.find("h_bucket{engine=\"0\",le=\"5.0\",model_name=\"m,x\"} 2.0\n") !=
              std::string::npos);
        CHECK(
            page.ends_with("h_bucket{engine=\"0\",le=\"+Inf\",model_name=\"m,x\"} 2.0\n"
                           "h_count{engine=\"0\",model_name=\"m,x\"} 2.0\n"
                           "h_sum{engine=\"0\",model_name=\"m,x\"} 4.0\n"));
    }

    TEST_CASE("a counter ends in _total and may say when it was created") {
        page_writer w({}, 5);
        w.counter("c", "help", 2, "a=\"b\"");
        CHECK(w.take() ==
              "# HELP c_total help\n# TYPE c_total counter\nc_total{a=\"b\"} 2.0\n"
              "# HELP c_created c creation time\n# TYPE c_created gauge\nc_created{a=\"b\"} 5.0\n");
    }
}
