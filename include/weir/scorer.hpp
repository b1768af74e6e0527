#pragma once

#include <span>

#include "weir/candidates.hpp"

namespace weir {

/// Rates the candidates. Called on any worker at once; const and without locks.
class scorer {
  public:
    virtual ~scorer() = default;
    /// `scores` has one element a candidate and starts as zeros. 1 is best. The framework clamps to
    /// [0,1] (NaN passes), multiplies by the weight and adds to the candidate's total.
    virtual void score(const decision_context& context, const candidate_view& candidates,
                       std::span<double> scores) const = 0;
};

}  // namespace weir
