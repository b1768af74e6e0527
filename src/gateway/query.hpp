#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::gateway {

/// `%41` → `A` and `+` → space, as forms encode; a `%` without two hex digits stays as it is.
std::string decode_query(std::string_view text);

/// `%41` → `A` alone, as a path encodes.
std::string decode_path(std::string_view text);

/// The first parameter of that name in a query string, decoded; a parameter without `=` has the
/// value "". Names are compared decoded and case-sensitively. Allocates only for values that need
/// decoding.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace weir::gateway
