#pragma once

#include <cstddef>
#include <string_view>

namespace weir::payload {

/// What unescaping a string gave.
struct unescaped {
    char* end = nullptr;  ///< one past the last byte written; null: an escape JSON does not know
    std::size_t bad =
        0;  ///< where that escape (or the first lone surrogate) starts in the raw text
    bool lone_surrogate = false;  ///< a \uD800..\uDFFF without its half; written as U+FFFD
};

/// Writes the text of a JSON string (`raw` without its quotes, control bytes already excluded) to
/// `out`, which has room for raw.size() bytes. Surrogates as RFC 8259 section 7 and 8.2.
unescaped unescape(std::string_view raw, char* out);

/// Whether the text has an escape, that is whether it differs from its raw form.
bool has_escape(std::string_view raw);

/// The first byte that does not belong to well-formed UTF-8 (Unicode 15, table 3-7); text.size() if
/// all does.
std::size_t first_invalid_utf8(std::string_view text);

/// Whether the text is a number of RFC 8259 section 6.
bool is_json_number(std::string_view text);

}  // namespace weir::payload
