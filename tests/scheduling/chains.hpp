#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weir/random.hpp"

namespace weir::scheduling::testing {

/// The hashes of a prompt's blocks, as the prefix index is asked for them.
using chain = std::vector<std::uint64_t>;

inline chain random_chain(random_source& random, std::size_t n) {
    chain c(n);
    for (auto& h : c) h = random();
    return c;
}

}  // namespace weir::scheduling::testing
