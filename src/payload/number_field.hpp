#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "payload/json_index.hpp"

namespace weir::payload {

/// The whole number that member `key` of the object `body` holds; nothing when the text is no such
/// object, or the member is absent or something else.
std::optional<std::int64_t> number_field(std::string_view body, std::string_view key,
                                         json_index& scratch);

}  // namespace weir::payload
