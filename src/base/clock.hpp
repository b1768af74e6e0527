#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// Time for every deadline, age and duration. Boot time would survive a suspend; steady is what
/// timers use.
using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;
using duration = steady_clock::duration;

/// Nanoseconds of `time_point`, the form that fits an atomic.
inline std::int64_t to_ns(time_point t) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

inline time_point from_ns(std::int64_t ns) { return time_point(std::chrono::nanoseconds(ns)); }

}  // namespace weir
