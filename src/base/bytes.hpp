#pragma once

#include <string>
#include <string_view>

namespace weir {

/// An ASCII control character; white space but the space is among them.
constexpr bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

/// A byte that cannot be shown as it is, as `\xNN`.
inline void append_code(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
}

}  // namespace weir
