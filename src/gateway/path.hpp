#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::gateway {

/// An origin-form target, split at the first `?`.
struct target_parts {
    std::string_view path;
    std::string_view query;  ///< without the `?`
    bool has_query = false;  ///< `/a?` has an empty query, `/a` has none
};
target_parts split_target(std::string_view target);

/// The path as it is matched and forwarded: `//` merged first, then dot segments removed (RFC
/// 3986 5.2.4; `%2e` is a dot there), everything else byte for byte, `%2F` included. Nothing when
/// the path does not begin with `/` or climbs above the root: answer 400. The result is `path`
/// itself when nothing changes, else it points into `scratch`.
std::optional<std::string_view> normalise_path(std::string_view path, std::string& scratch);

}  // namespace weir::gateway
