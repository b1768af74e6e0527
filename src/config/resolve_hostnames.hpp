#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// What one listener hostname and one route hostname have in common: the more specific of the two,
/// or nothing. Both are as manifests write them; empty means any host, `*.` any subdomain but not
/// the apex.
std::optional<std::string> intersect_hostnames(std::string_view listener, std::string_view route);

/// The hostnames for which a listener serves a route; an inner empty list means any host, nothing
/// that they share none.
std::optional<std::vector<std::string>> shared_hostnames(std::string_view listener,
                                                         const std::vector<std::string>& route);

/// Whether some host matches both.
bool hostnames_overlap(std::string_view a, std::string_view b);

}  // namespace weir::config
