#pragma once

namespace weir::app {

extern const char* const version;  ///< of the release, `0.1.0`
extern const char* const commit;   ///< short hash, or `unknown` outside a checkout

}  // namespace weir::app
