#pragma once

#include <span>
#include <string_view>

namespace weir::admin {

/// One file of the dashboard as it was embedded at build time.
struct asset {
    std::string_view path;  ///< below `/ui/`
    std::string_view type;  ///< media type
    std::string_view etag;  ///< strong, with its quotes
    std::string_view gzip;  ///< the content, gzip'd
};

/// Empty when weir was built without the dashboard.
std::span<const asset> assets();

/// The asset of a path below `/ui/`; the empty path is `index.html`. Null when there is none.
const asset* find_asset(std::string_view path);

}  // namespace weir::admin
