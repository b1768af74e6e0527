#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "weir/parameters.hpp"
#include "weir/plugin.hpp"
#include "weir/random.hpp"

namespace weir::scheduling {

/// `maxNumOfEndpoints`, the one parameter of every picker: default 1, anything below counts as 1.
inline std::size_t read_pick_count(parameters& p) {
    const auto n = p.integer("maxNumOfEndpoints", 1);
    return n < 1 ? 1 : static_cast<std::size_t>(n);
}

inline constexpr parameter_doc pick_count_doc[] = {
    {"maxNumOfEndpoints", "int", "1",
     "how many endpoints to return, best first; below 1 counts as 1"},
};

/// Positions 0 … n-1 in random order (Fisher-Yates).
inline void shuffled_positions(std::size_t n, random_source& random,
                               std::vector<std::uint32_t>& out) {
    out.resize(n);
    std::iota(out.begin(), out.end(), 0U);
    for (std::size_t i = n; i > 1; --i) std::swap(out[i - 1], out[random.below(i)]);
}

}  // namespace weir::scheduling
