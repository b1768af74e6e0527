#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// The length of the well-formed UTF-8 sequence that the (not empty) text starts with, or 0
/// (Unicode 15, table 3-7).
std::size_t utf8_sequence(std::string_view text);

/// The text in at most `max_bytes`, cut between characters; bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace weir
