#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "weir/candidates.hpp"

namespace weir {

/// Takes the numbers that a score was made of, to show them to people.
class score_inputs {
  public:
    virtual ~score_inputs() = default;
    /// One number of the candidate at position `i`. Names are in the style of JSON members
    /// (`waiting`, `inFlightTokens`) and the same for every candidate.
    virtual void tell(std::size_t i, std::string_view name, double value) = 0;
};

/// Tells a column of the pool's signals (element e: endpoint e) for every candidate.
inline void tell_column(score_inputs& out, const candidate_view& candidates, std::string_view name,
                        const std::vector<double>& column) {
    for (std::size_t i = 0; i < candidates.size(); ++i) out.tell(i, name, column[candidates[i]]);
}

/// Rates the candidates. Called on any worker at once; const and without locks.
class scorer {
  public:
    virtual ~scorer() = default;
    /// `scores` has one element a candidate and starts as zeros. 1 is best. The framework clamps to
    /// [0,1] (NaN passes), multiplies by the weight and adds to the candidate's total.
    virtual void score(const decision_context& context, const candidate_view& candidates,
                       std::span<double> scores) const = 0;
    /// What `score` reads and its partial sums. Called after it with the same arguments, and only
    /// when somebody asks for an explanation.
    virtual void inputs(const decision_context&, const candidate_view&, score_inputs&) const {}
};

}  // namespace weir
