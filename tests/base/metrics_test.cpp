#include "base/metrics.hpp"

#include <doctest/doctest.h>

#include <array>
#include <span>

TEST_SUITE("base/metrics") {
    TEST_CASE("a value belongs to the first bucket that it is not above") {
        const std::array<double, 7> all{1, 2, 3, 4, 5, 6, 7};
        for (std::size_t n = 0; n <= all.size(); ++n) {
            const auto bounds = std::span(all).first(n);
            const weir::metrics::histogram h(bounds);
            for (double v = 0; v < 9; v += 0.5) {
                std::size_t wanted = 0;
                while (wanted < n && bounds[wanted] < v) ++wanted;
                CHECK_MESSAGE(h.bucket_of(v) == wanted, n << " bounds, " << v);
            }
        }
    }
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
