#pragma once

#include <cstddef>

namespace weir::test {

/// How often this program has asked for memory so far. Needs `allocations.cpp` among its sources.
std::size_t allocations();

}  // namespace weir::test
