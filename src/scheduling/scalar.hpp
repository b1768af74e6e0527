#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/node.hpp"

namespace weir::scheduling {

/// What a YAML scalar is once it is turned into JSON, as the reference does before it decodes.
enum class scalar_kind : std::uint8_t { null, boolean, integer, number, text };

scalar_kind kind_of(const config::node& value);

/// The value as a JSON reader of that type sees it; nothing when it is of another type.
std::optional<bool> as_boolean(const config::node& value);
std::optional<double> as_number(const config::node& value);
std::optional<std::int64_t> as_integer(
    const config::node& value);  ///< `2.0` is 2; `2.5` is nothing
std::optional<std::string_view> as_text(const config::node& value);

/// `a string`, `a whole number`, `a list`, …: what a person would call it.
std::string_view describe(const config::node& value);

}  // namespace weir::scheduling
