#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// Time for every deadline, age and duration: what timers use. It stands still while the machine
/// sleeps; `suspended_time` says for how long it did.
using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;
using duration = steady_clock::duration;

/// Nanoseconds of `time_point`, the form that fits an atomic.
inline std::int64_t to_ns(time_point t) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

/// How long the machine has slept since it was started. The two clocks are read one after the
/// other, so a thread that was interrupted in between may see a little more or less.
duration suspended_time();

inline time_point from_ns(std::int64_t ns) { return time_point(std::chrono::nanoseconds(ns)); }

}  // namespace weir
