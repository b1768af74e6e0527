#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace weir::config {

/// What some editors put in front of a text, and a YAML document may start with: no column of its
/// line.
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Turns places inside a window of a file into marks of the file. For ASCII text the conversion is
/// an addition; other text gets a checkpoint every 64 characters, so that a mark costs a short
/// walk. Lines end at LF only, as editors count.
class position_map {
  public:
    position_map(std::string_view text, std::uint32_t first_line, std::uint32_t first_byte);

    /// From a character index with the line and column (from 0) that a YAML parser counted beside
    /// it.
    mark from_character(std::size_t index, std::size_t line, std::size_t column) const {
        if (ascii_) {
            return {first_line_ + static_cast<std::uint32_t>(line),
                    static_cast<std::uint32_t>(column) + 1,
                    first_byte_ + static_cast<std::uint32_t>(index)};
        }
        return walk(index);
    }

    /// From a byte of the window; used for single places, cost linear in the line.
    mark from_byte(std::size_t byte) const;

    std::string_view text() const { return text_; }

  private:
    struct checkpoint {
        std::uint32_t byte = 0;
        std::uint32_t line = 0;
        std::uint32_t column = 0;
    };

    mark walk(std::size_t index) const;

    std::string_view text_;
    std::uint32_t first_line_;
    std::uint32_t first_byte_;
    bool ascii_ = true;
    std::vector<checkpoint> checkpoints_;
};

}  // namespace weir::config
