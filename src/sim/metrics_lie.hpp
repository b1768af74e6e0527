#pragma once

#include "sim/dialect.hpp"
#include "sim/faults.hpp"

namespace weir::sim {

/// The metrics page as a server shows it whose `metrics` fault is set. Those faults that are a
/// matter of time or of the connection leave it as it is.
plain_answer lie(plain_answer page, const server_faults& f);

}  // namespace weir::sim
