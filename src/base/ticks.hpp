#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include "base/clock.hpp"
#endif

namespace weir {

/// A clock for short intervals that costs a few nanoseconds: the processor's own counter where
/// there is one. For measuring what work took, never for deadlines.
inline std::uint64_t ticks() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(to_ns(steady_clock::now()));
#endif
}

/// Measured against the steady clock when it is first asked for, which takes half a millisecond.
/// Any thread.
double seconds_per_tick();

}  // namespace weir
