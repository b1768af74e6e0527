#pragma once

namespace weir::app {

/// Cores that this process may use: what `taskset`, a cpuset or `CPUAffinity=` leave of the
/// machine's. At least 1.
unsigned usable_cores();

}  // namespace weir::app
