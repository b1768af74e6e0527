#pragma once

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

}  // namespace weir
