#pragma once

#include <exception>
#include <string>

namespace weir::scheduling {

/// What the exception in flight says; for `catch (...)`. Plugins of shared libraries may throw
/// anything, and nobody's gateway should end for it.
inline std::string thrown() {
    try {
        throw;
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception of an unknown type";
    }
}

}  // namespace weir::scheduling
