#pragma once

#include "load.hpp"

namespace weir::quality {

/// The densest arrivals, times the load's own rate, at which nine in ten requests keep the SLO; 0
/// when there are none. Looks around `near` first, 0 when nothing is known.
double find_knee(const load& l, const policy& p, const fleet_options& options, double near);

}  // namespace weir::quality
