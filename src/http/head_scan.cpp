#include "http/head_scan.hpp"

#include <emmintrin.h>

#include <array>
#include <bit>

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "http/head.hpp"

namespace weir::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr auto token_table = make_token_table();

/// Where the token that begins at `at` ends; a byte that belongs to none stands behind it.
std::size_t token_end(std::string_view text, std::size_t at) {
    // Letters, digits and dashes sixteen at a time; whatever else a token may hold one by one.
    const auto within = [](__m128i v, char first, char last) {
        const auto distance = _mm_sub_epi8(v, _mm_set1_epi8(first));
        const auto most = _mm_set1_epi8(static_cast<char>(last - first));
        return _mm_cmpeq_epi8(_mm_min_epu8(distance, most), distance);
    };
    for (; at + 16 <= text.size(); at += 16) {
        const auto v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const auto letters = within(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');
        const auto others =
            _mm_or_si128(within(v, '0', '9'), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
        const auto usual = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letters, others)));
        if (usual == 0xFFFF) continue;
        at += static_cast<std::size_t>(std::countr_one(usual));
        break;
    }
    while (token_table[static_cast<unsigned char>(text[at])]) ++at;
    return at;
}

}  // namespace

bool is_token(std::string_view s) {
    for (const char c : s) {
        if (!token_table[static_cast<unsigned char>(c)]) return false;
    }
    return !s.empty();
}

head_scan scan_head(std::string_view bytes, std::size_t& scanned) {
    const auto size = bytes.size();
    std::size_t at = scanned;
    const auto special = _mm_set1_epi8(0x20);
    const auto del = _mm_set1_epi8(0x7F);
    while (at < size) {
        // Next control byte at or behind `at`.
        std::size_t hit = size;
        while (at + 16 <= size) {
            const auto v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
            // Unsigned v < 0x20 as max(v, 0x20) != v.
            const auto printable = _mm_cmpeq_epi8(_mm_max_epu8(v, special), v);
            const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(
                _mm_cmpeq_epi8(v, del), _mm_andnot_si128(printable, _mm_set1_epi8(-1)))));
            if (mask != 0) {
                hit = at + static_cast<std::size_t>(std::countr_zero(mask));
                break;
            }
            at += 16;
        }
        if (hit == size) {
            while (at < size && !is_control(bytes[at])) ++at;
            hit = at;
        }
        if (hit == size) break;
        if (bytes[hit] == '\t') {
            at = hit + 1;
            continue;
        }
        if (bytes[hit] != '\r') return {head_scan::kind::bad_byte, hit};
        if (hit + 1 == size) {
            scanned = hit;
            return {};
        }
        if (bytes[hit + 1] != '\n') return {head_scan::kind::bad_byte, hit};
        at = hit + 2;
        // An empty line ends the head; one before the first line is tolerated by the caller.
        if (hit >= 2 && bytes[hit - 1] == '\n') {
            scanned = at;
            return {head_scan::kind::complete, at};
        }
    }
    scanned = at;
    return {};
}

const char* split_field_lines(std::string_view lines, std::size_t max_fields, bool& too_many,
                              field_list& out) {
    too_many = false;
    std::size_t at = 0;
    while (lines[at] != '\r') {
        if (lines[at] == ' ' || lines[at] == '\t') return "folded field line";
        const auto name = at;
        at = token_end(lines, at);
        if (at == name) return "empty field name";
        if (lines[at] != ':') {
            if (lines[at] == ' ' || lines[at] == '\t')
                return "white space before the colon of a field";
            return lines[at] == '\r' ? "field line without a colon" : "bad byte in a field name";
        }
        if (out.size() == max_fields) {
            too_many = true;
            return "too many fields";
        }
        const auto end = lines.find('\r', at);
        const auto value = at + (lines[at + 1] == ' ' ? 2 : 1);
        out.add(lines.substr(name, at - name), trim(lines.substr(value, end - value)));
        at = end + 2;
    }
    return nullptr;
}

}  // namespace weir::http
