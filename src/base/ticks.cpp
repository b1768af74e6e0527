#include "base/ticks.hpp"

#include "base/clock.hpp"

namespace weir {

namespace {

double measure() {
    constexpr auto enough = std::chrono::microseconds(500);
    const auto from = steady_clock::now();
    const auto first = ticks();
    auto now = from;
    while (now - from < enough) now = steady_clock::now();
    const auto passed = static_cast<double>(ticks() - first);
    return std::chrono::duration<double>(now - from).count() / passed;
}

}  // namespace

double seconds_per_tick() {
    static const double value = measure();
    return value;
}

}  // namespace weir
