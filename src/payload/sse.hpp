#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::payload {

/// Whether the bytes of an SSE stream seen so far end where an event ends, so that another event
/// can follow. Looks only at the last bytes of each read. Lines end with LF, CRLF or CR, in any mix
/// (WHATWG HTML, 9.2.5).
class sse_boundary {
  public:
    void feed(std::string_view bytes);

    /// True at the start of the stream too.
    bool at_boundary() const;

  private:
    std::array<char, 3> tail_{};  ///< the last bytes, newest last
    std::size_t known_ = 0;       ///< how many of them are there
};

/// Where the next LF or CR stands at `from` or later; text.size() when there is none.
std::size_t find_line_end(std::string_view text, std::size_t from);

/// Whether `text`, whose first byte starts a line, ends behind a blank line (or is empty).
bool ends_event(std::string_view text);

/// The offset behind the last blank line of `text` that ends at `from` or later; npos when there is
/// none.
std::size_t last_event_end(std::string_view text, std::size_t from);

/// The offset behind the first blank line that ends at `from` or later; npos when there is none.
std::size_t first_event_end(std::string_view text, std::size_t from);

/// Cuts the first line off `rest` and returns it without its end; the last line may have none.
std::string_view next_line(std::string_view& rest);

/// The value of the line if its field is `name`, without one leading space; a view with null data
/// otherwise. A stream may begin with a byte order mark, which is no part of its first line.
std::string_view field_value(std::string_view line, std::string_view name);

}  // namespace weir::payload
