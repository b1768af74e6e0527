#include "base/utf8.hpp"

namespace weir {

std::size_t utf8_sequence(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const auto tail = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xC0) == 0x80; };
    const unsigned char b = byte(0);
    if (b < 0x80) return 1;
    if (b >= 0xC2 && b <= 0xDF) return tail(1) ? 2 : 0;
    if (b >= 0xE0 && b <= 0xEF) {
        if (!tail(1) || !tail(2)) return 0;
        if (b == 0xE0 && byte(1) < 0xA0) return 0;
        if (b == 0xED && byte(1) > 0x9F) return 0;
        return 3;
    }
    if (b >= 0xF0 && b <= 0xF4) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        if (b == 0xF0 && byte(1) < 0x90) return 0;
        if (b == 0xF4 && byte(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}

std::string valid_utf8(std::string_view text, std::size_t max_bytes) {
    std::string out;
    while (!text.empty()) {
        const auto n = utf8_sequence(text);
        const auto part = n == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, n);
        if (out.size() + part.size() > max_bytes) break;
        out += part;
        text.remove_prefix(n == 0 ? 1 : n);
    }
    return out;
}

}  // namespace weir
