#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http {

class field_list;

/// What the bytes of a head look like so far, before anything is taken apart.
struct head_scan {
    enum class kind : std::uint8_t { incomplete, complete, bad_byte } what = kind::incomplete;
    std::size_t end = 0;  ///< complete: one past the empty line; bad_byte: where it stands
};

/// Looks for the end of a head from `scanned` on, and on the way refuses what no line of a head may
/// hold: control bytes, a CR or LF that is not part of a CRLF (RFC 9112 2.2). Moves `scanned`
/// forward. Sixteen bytes a step.
head_scan scan_head(std::string_view bytes, std::size_t& scanned);

/// Splits the field lines of a complete head. Returns the fault in them, or null: names are tokens
/// directly before the colon, no line is folded (RFC 9112 5). `lines` begins behind the first line
/// and ends with the empty line.
const char* split_field_lines(std::string_view lines, std::size_t max_fields, bool& too_many,
                              field_list& out);

}  // namespace weir::http
