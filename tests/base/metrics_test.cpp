#include "base/metrics.hpp"

#include <doctest/doctest.h>

#include <array>

TEST_SUITE("base/metrics") {
    TEST_CASE("equal series of several workers are added up") {
        static constexpr std::array<double, 2> bounds{0.1, 1};
        weir::metrics::histogram a(bounds);
        weir::metrics::histogram b(bounds);
        a.observe(0.1);
        b.observe(5);
        weir::metrics::exposition out;
        out.counter("weir_x_total", "X.", {{"b", "2"}, {"a", "1"}}, 2);
        out.counter("weir_x_total", "X.", {{"a", "1"}, {"b", "2"}}, 3);
        out.histogram("weir_h_seconds", "H.", {}, a);
        out.histogram("weir_h_seconds", "H.", {}, b);
        const auto text = out.text();
        CHECK(text.find("weir_x_total{a=\"1\",b=\"2\"} 5") != std::string::npos);
        CHECK(text.find("weir_h_seconds_bucket{le=\"0.1\"} 1") != std::string::npos);
        CHECK(text.find("weir_h_seconds_bucket{le=\"+Inf\"} 2") != std::string::npos);
        CHECK(text.find("weir_h_seconds_sum 5.1") != std::string::npos);
    }
}
