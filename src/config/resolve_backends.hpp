#pragma once

#include "config/resolve_state.hpp"

namespace weir::config {

/// What a reference is for: traffic, or copies of it.
enum class reference_use { traffic, mirror };

/// Follows one backendRef (or mirror) of a route: kind, then grant, then existence. What is wrong
/// becomes a finding and an entry of `route.problems`; an invalid target is returned with its
/// reason.
backend_target resolve_backend(resolve_state& state, route_state& route, const object_ref& ref,
                               reference_use use = reference_use::traffic);

/// The filters of a rule or backendRef. Mirrors without a valid target are dropped.
filter_set resolve_filters(resolve_state& state, route_state& route,
                           const std::vector<filter_spec>& specs);

}  // namespace weir::config
