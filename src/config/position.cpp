#include "config/position.hpp"

#include <algorithm>

namespace weir::config {

namespace {

constexpr std::size_t stride = 64;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

/// One past the character that starts at `byte`.
std::size_t next_character(std::string_view text, std::size_t byte) {
    ++byte;
    while (byte < text.size() && !starts_character(text[byte])) ++byte;
    return byte;
}

}  // namespace

position_map::position_map(std::string_view text, std::uint32_t first_line,
                           std::uint32_t first_byte)
    : text_(text), first_line_(first_line), first_byte_(first_byte) {
    unsigned bits = 0;
    for (const char c : text) bits |= static_cast<unsigned char>(c);
    ascii_ = bits < 0x80U;
    if (ascii_) return;
    checkpoints_.reserve(text.size() / stride + 1);
    checkpoint now;
    std::size_t characters = 0;
    for (std::size_t byte = 0; byte < text.size(); byte = next_character(text, byte)) {
        if (characters++ % stride == 0) {
            now.byte = static_cast<std::uint32_t>(byte);
            checkpoints_.push_back(now);
        }
        if (text[byte] == '\n') {
            ++now.line;
            now.column = 0;
        } else {
            ++now.column;
        }
    }
    if (checkpoints_.empty()) checkpoints_.push_back({});
}

mark position_map::walk(std::size_t index) const {
    const std::size_t slot = std::min(index / stride, checkpoints_.size() - 1);
    checkpoint at = checkpoints_[slot];
    std::size_t byte = at.byte;
    for (std::size_t left = index - slot * stride; left > 0 && byte < text_.size(); --left) {
        if (text_[byte] == '\n') {
            ++at.line;
            at.column = 0;
        } else {
            ++at.column;
        }
        byte = next_character(text_, byte);
    }
    return {first_line_ + at.line, at.column + 1, first_byte_ + static_cast<std::uint32_t>(byte)};
}

mark position_map::from_byte(std::size_t byte) const {
    byte = std::min(byte, text_.size());
    const auto before = text_.substr(0, byte);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t break_at = before.rfind('\n');
    const auto line = before.substr(break_at == std::string_view::npos ? 0 : break_at + 1);
    const auto column = std::count_if(line.begin(), line.end(), starts_character);
    return {first_line_ + static_cast<std::uint32_t>(lines), static_cast<std::uint32_t>(column) + 1,
            first_byte_ + static_cast<std::uint32_t>(byte)};
}

}  // namespace weir::config
