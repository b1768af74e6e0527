#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "weir/candidates.hpp"

namespace weir::scheduling {

/// `(max − v) / (max − min)` over the candidates; 1 for all when all are equal (llm-d-router head,
/// queue scorer).
inline void score_lowest_best(const std::vector<double>& column, const candidate_view& candidates,
                              std::span<double> scores) {
    if (candidates.empty()) return;
    double low = column[candidates[0]];
    double high = low;
    for (const auto i : candidates.indexes) {
        low = std::min(low, column[i]);
        high = std::max(high, column[i]);
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        scores[i] = high == low ? 1.0 : (high - column[candidates[i]]) / (high - low);
    }
}

}  // namespace weir::scheduling
