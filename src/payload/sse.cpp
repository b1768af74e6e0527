#include "payload/sse.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::payload {
namespace {

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

std::size_t find_line_end(std::string_view text, std::size_t from) {
#if defined(__SSE2__)
    const __m128i feed = _mm_set1_epi8('\n');
    const __m128i carriage = _mm_set1_epi8('\r');
    for (; from + 16 <= text.size(); from += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
        const __m128i hits =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, feed), _mm_cmpeq_epi8(bytes, carriage));
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(hits));
        if (mask != 0) return from + static_cast<std::size_t>(std::countr_zero(mask));
    }
#endif
    while (from < text.size() && !is_line_end(text[from])) ++from;
    return from;
}

bool ends_event(std::string_view text) {
    if (text.empty()) return true;
    if (text.ends_with("\r\n")) {
        text.remove_suffix(2);
    } else if (is_line_end(text.back())) {
        text.remove_suffix(1);
    } else {
        return false;
    }
    return text.empty() || is_line_end(text.back());
}

void sse_boundary::feed(std::string_view bytes) {
    for (const char c : bytes.substr(bytes.size() - std::min(bytes.size(), tail_.size()))) {
        tail_ = {tail_[1], tail_[2], c};
    }
    known_ = std::min(tail_.size(), known_ + bytes.size());
}

bool sse_boundary::at_boundary() const {
    return ends_event({tail_.data() + (tail_.size() - known_), known_});
}

std::size_t last_event_end(std::string_view text, std::size_t from) {
    for (std::size_t end = text.size(); end > 0 && end >= from; --end) {
        if (is_line_end(text[end - 1]) && ends_event(text.substr(0, end))) return end;
    }
    return std::string_view::npos;
}

std::size_t first_event_end(std::string_view text, std::size_t from) {
    std::size_t at = from == 0 ? 0 : from - 1;
    while ((at = find_line_end(text, at)) < text.size()) {
        ++at;
        if (!ends_event(text.substr(0, at))) continue;
        // A CR may be the first half of its line end.
        const bool half = text[at - 1] == '\r' && at < text.size() && text[at] == '\n';
        return half ? at + 1 : at;
    }
    return std::string_view::npos;
}

std::string_view next_line(std::string_view& rest) {
    const auto end = find_line_end(rest, 0);
    const auto line = rest.substr(0, end);
    const bool two = rest.substr(end).starts_with("\r\n");
    rest.remove_prefix(std::min(rest.size(), end + (two ? 2 : 1)));
    return line;
}

std::string_view field_value(std::string_view line, std::string_view name) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ':')
        return {};
    line.remove_prefix(name.size() + 1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    return line;
}

}  // namespace weir::payload
