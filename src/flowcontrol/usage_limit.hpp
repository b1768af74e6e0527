#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/picker_settings.hpp"

namespace weir::flowcontrol {

/// The saturation from which each band may dispatch no more, one value a band. `priorities` are
/// those of the bands, the highest first. `tick` belongs to `soft_reflective_ceiling`: it counts
/// the cycles in which that policy opens and shuts, and outlives the call.
///
/// - static: `threshold` for every band.
/// - priority-holdback: from `max_ceiling` for the highest band down to `min_ceiling` for the
///   lowest, evenly by rank or in proportion to the priority's value; a single band: `max_ceiling`.
/// - soft-reflective: the highest band 1; band i of n is open while the pool is below
///   1 - i * saturation / (n - 1), shut when the pool is full, and between the two open in every
///   k-th cycle, k = max(1, round(saturation / (1 - saturation))).
///
/// Source of the formulas: llm-d-router, `plugins/flowcontrol/usagelimits`.
std::vector<double> ceilings(const config::usage_limit_settings& policy,
                             std::span<const int> priorities, double saturation,
                             std::uint64_t& tick);

}  // namespace weir::flowcontrol
