#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "weir/candidates.hpp"
#include "weir/decision.hpp"

namespace weir {

/// Decides which scheduling profiles run and what their results mean. Const and without locks on
/// the decision path.
class profile_handler {
  public:
    virtual ~profile_handler() = default;

    /// Called once, before any decision: the configured profiles, by whose index everything else
    /// speaks. A message says why this handler cannot work with them; empty: fine.
    virtual std::string bind(std::span<const std::string> profiles) = 0;

    /// What to do next, given what ran so far in `so_far.profiles`. Appends the profiles to run
    /// (each on all candidates) to `next`; none ends the loop. May record a profile as skipped
    /// (`so_far.profiles`) and set `context.peer` for the profiles it asks for.
    virtual void next_profiles(decision_context& context, const candidate_view& candidates,
                               decision& so_far, std::vector<std::uint32_t>& next) const = 0;

    /// Chooses `result.primary`, sets headers and the port. A message says why the request has no
    /// target; empty: fine.
    virtual std::string conclude(const decision_context& context, const candidate_view& candidates,
                                 decision& result) const = 0;
};

/// Says whether a further stage (prefill, encode) is worth running. Named by a profile handler's
/// parameters.
class decider {
  public:
    virtual ~decider() = default;
    /// `chosen` is the endpoint of the stage already decided, `decision_context::no_peer` when
    /// there is none.
    virtual bool wanted(const decision_context& context, const candidate_view& candidates,
                        std::uint32_t chosen) const = 0;
};

}  // namespace weir
