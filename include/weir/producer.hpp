#pragma once

#include <chrono>

#include "weir/candidates.hpp"

namespace weir {

/// Adds data about the request before admission and scheduling, in dependency order. Called on any
/// worker at once; must not block.
class producer {
  public:
    virtual ~producer() = default;
    /// Fills the slots this plugin published (`plugin_context::publish`). `data` also holds what
    /// earlier producers filled; nothing is present of what failed or was not produced.
    virtual void produce(const decision_context& context, const candidate_view& candidates,
                         producer_data& data) = 0;
};

/// Holds requests back for a moment, so that those that come together are decided together. Called
/// on any worker at once; must not block.
class gatherer {
  public:
    virtual ~gatherer() = default;
    /// Called once for a request, after its admission and before candidates are read: how long it
    /// waits before it goes on; zero and below: not at all. A request that is given up meanwhile
    /// never comes to `produce`.
    virtual std::chrono::nanoseconds gather(const decision_context& context) = 0;
};

}  // namespace weir
