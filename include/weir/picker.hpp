#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weir/candidates.hpp"

namespace weir {

/// Orders the candidates and keeps the first few. Called on any worker at once; const and without
/// locks.
class picker {
  public:
    virtual ~picker() = default;
    /// `totals` has one element a candidate. Appends to `picks` (empty, its memory is kept)
    /// positions in `candidates`, best first; at least one for a non-empty list.
    virtual void pick(const decision_context& context, const candidate_view& candidates,
                      std::span<const double> totals, std::vector<std::uint32_t>& picks) const = 0;
};

}  // namespace weir
