#pragma once

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace weir::scheduling {

/// Checks the parameters of a precise-prefix-cache plugin as the reference decodes them; nothing
/// but the block size has an effect here. `older`: unknown keys are notes.
void check_precise_parameters(const config::node& plugin, bool older, config::findings& found);

}  // namespace weir::scheduling
