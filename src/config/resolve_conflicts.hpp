#pragma once

#include "config/resolve_state.hpp"

namespace weir::config {

/// Finds the listeners of accepted Gateways that cannot share the address and port they would be
/// bound to, marks them so that none of them is served, and says which TLS listeners overlap.
void find_listener_conflicts(resolve_state& state);

}  // namespace weir::config
