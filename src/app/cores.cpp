#include "app/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace weir::app {
namespace {

/// More than any kernel has cores; it refuses a set smaller than its own.
constexpr std::size_t most_cores = 16384;

}  // namespace

unsigned usable_cores() {
    std::vector<cpu_set_t> allowed(CPU_ALLOC_SIZE(most_cores) / sizeof(cpu_set_t));
    const auto size = allowed.size() * sizeof(cpu_set_t);
    const int count =
        ::sched_getaffinity(0, size, allowed.data()) == 0 ? CPU_COUNT_S(size, allowed.data()) : 0;
    // Unlike it, hardware_concurrency() counts cores that are kept from this process.
    return count > 0 ? static_cast<unsigned>(count)
                     : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace weir::app
