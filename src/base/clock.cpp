#include "base/clock.hpp"

#include <time.h>

namespace weir {
namespace {

duration read(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

duration suspended_time() { return read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC); }

}  // namespace weir
