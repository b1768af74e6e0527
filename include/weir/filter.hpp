#pragma once

#include <cstdint>
#include <span>

#include "weir/candidates.hpp"

namespace weir {

/// Narrows the candidates. Called on any worker at once; const and without locks.
class filter {
  public:
    virtual ~filter() = default;
    /// `keep` has one element a candidate and starts as all ones; set 0 to drop candidate i.
    virtual void apply(const decision_context& context, const candidate_view& candidates,
                       std::span<std::uint8_t> keep) const = 0;
};

}  // namespace weir
