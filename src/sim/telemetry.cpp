#include "sim/telemetry.hpp"

#include <algorithm>

namespace weir::sim {

void distribution::observe(double v) {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), v);
    ++counts_[static_cast<std::size_t>(at - bounds_.begin())];
    ++count_;
    sum_ += v;
}

std::span<const double> ttft_bounds() {
    static constexpr std::array<double, 22> b{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                              0.25,  0.5,   0.75, 1,    2.5,  5,    7.5,  10,
                                              20,    40,    80,   160,  640,  2560};
    return b;
}

std::span<const double> token_time_bounds() {
    static constexpr std::array<double, 19> b{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2,
                                              0.3,  0.4,   0.5,  0.75,  1,   2.5,  5,
                                              7.5,  10,    20,   40,    80};
    return b;
}

std::span<const double> request_time_bounds() {
    static constexpr std::array<double, 21> b{0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                                              30,  40,  50,  60, 120, 240, 480, 960, 1920, 7680};
    return b;
}

std::span<const double> token_count_bounds() {
    static constexpr std::array<double, 17> b{
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000};
    return b;
}

std::span<const double> iteration_bounds() {
    static constexpr std::array<double, 12> b{1,   8,   16,   32,   64,   128,
                                              256, 512, 1024, 2048, 4096, 8192};
    return b;
}

std::span<const double> small_count_bounds() {
    static constexpr std::array<double, 5> b{1, 2, 5, 10, 20};
    return b;
}

}  // namespace weir::sim
