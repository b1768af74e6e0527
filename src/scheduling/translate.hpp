#pragma once

#include <memory>

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace weir::scheduling {

/// Turns shapes of older releases into today's: `data`, inline saturation thresholds, prefix
/// parameters on the scorer, older type names, thresholds of pd-profile-handler. Each change is a
/// note at the place of the old shape. The tree itself when nothing is old.
std::shared_ptr<const config::node> translate(std::shared_ptr<const config::node> root,
                                              config::findings& found);

}  // namespace weir::scheduling
