#pragma once

#include <string>
#include <string_view>

/// Help texts as the endpoint picker writes them: how stable a family is, and under which name one
/// of an older name goes on.
namespace weir::metrics {

inline std::string alpha(std::string_view help) { return "[ALPHA] " + std::string(help); }

/// `current` is the family's name of today.
inline std::string deprecated(std::string_view current, std::string_view help) {
    return alpha("[Deprecated: Use " + std::string(current) + "] " + std::string(help));
}

}  // namespace weir::metrics
