#pragma once

#include <array>

/// Bucket bounds that several rooms share, in seconds: the endpoint picker's own.
namespace weir::metrics::buckets {

inline constexpr std::array general = {
    0.005, 0.025, 0.05,  0.1,   0.2,   0.4,   0.6,   0.8,    1.0,    1.25,   1.5,   2.0,
    3.0,   4.0,   5.0,   6.0,   8.0,   10.0,  15.0,  20.0,   30.0,   45.0,   60.0,  120.0,
    180.0, 240.0, 300.0, 360.0, 480.0, 600.0, 900.0, 1200.0, 1800.0, 2700.0, 3600.0};
inline constexpr std::array per_token = {0.0005, 0.00205, 0.005, 0.01, 0.02, 0.04, 0.06,
                                         0.08,   0.1,     0.125, 0.15, 0.2,  0.3,  0.4,
                                         0.5,    0.6,     0.8,   1.0,  2.0};
inline constexpr std::array fast = {0.0001, 0.0002, 0.0005, 0.001, 0.002,
                                    0.005,  0.01,   0.02,   0.05,  0.1};

}  // namespace weir::metrics::buckets
