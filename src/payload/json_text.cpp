#include "payload/json_text.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::payload {
namespace {

// Copies up to the first backslash; moves both pointers there (or to the end).
#if defined(__SSE2__)
void copy_plain(const char*& from, const char* end, char*& out) {
    const __m128i slash = _mm_set1_epi8('\\');
    const auto load = [](const char* p) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    };
    const auto store = [](char* p, __m128i v) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v);
    };
    while (end - from >= 64) {
        const __m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);
        store(out, a);
        store(out + 16, b);
        store(out + 32, c);
        store(out + 48, d);
        const auto bits = [&](__m128i v) {
            return static_cast<std::uint64_t>(
                static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(v, slash))));
        };
        const std::uint64_t mask = bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48;
        const int skip = mask == 0 ? 64 : std::countr_zero(mask);
        from += skip;
        out += skip;
        if (mask != 0) return;
    }
    while (end - from >= 16) {
        const __m128i a = load(from);
        store(out, a);
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, slash)));
        const int skip = mask == 0 ? 16 : std::countr_zero(mask);
        from += skip;
        out += skip;
        if (mask != 0) return;
    }
    while (from != end && *from != '\\') *out++ = *from++;
}
#else
void copy_plain(const char*& from, const char* end, char*& out) {
    const auto left = static_cast<std::size_t>(end - from);
    const void* slash = std::memchr(from, '\\', left);
    const auto n = slash ? static_cast<std::size_t>(static_cast<const char*>(slash) - from) : left;
    std::memcpy(out, from, n);
    from += n;
    out += n;
}
#endif

std::optional<std::uint32_t> hex4(const char* from, const char* end) {
    if (end - from < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const char c = from[i];
        std::uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint32_t>(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
        } else {
            return std::nullopt;
        }
        value = value << 4 | digit;
    }
    return value;
}

char* put_utf8(std::uint32_t point, char* out) {
    const auto put = [&](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | point >> 6);
        put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | point >> 12);
        put(0x80 | (point >> 6 & 0x3F));
        put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3F));
        put(0x80 | (point >> 6 & 0x3F));
        put(0x80 | (point & 0x3F));
    }
    return out;
}

// The code point of the \uXXXX (and its second half) whose digits start at `from`; nothing on bad
// digits. A lone surrogate gives U+FFFD and sets `lone`.
std::optional<std::uint32_t> unicode_escape(const char*& from, const char* end, bool& lone) {
    const auto first = hex4(from, end);
    if (!first) return std::nullopt;
    from += 4;
    if (*first < 0xD800 || *first > 0xDFFF) return *first;
    if (*first < 0xDC00 && end - from >= 6 && from[0] == '\\' && from[1] == 'u') {
        const auto second = hex4(from + 2, end);
        if (second && *second >= 0xDC00 && *second <= 0xDFFF) {
            from += 6;
            return 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
        }
    }
    lone = true;
    return 0xFFFD;
}

char simple_escape(char c) {
    switch (c) {
        case '"':
        case '\\':
        case '/':
            return c;
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return '\0';
    }
}

bool digit_at(std::string_view text, std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
}

// The length of the well-formed sequence at `s`, or 0.
std::size_t utf8_sequence(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const auto within = [&](std::size_t i, unsigned low, unsigned high) {
        return i < s.size() && byte(i) >= low && byte(i) <= high;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    if (lead < 0xE0) return within(1, 0x80, 0xBF) ? 2 : 0;
    if (lead < 0xF0) {
        const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = lead == 0xED ? 0x9F : 0xBF;
        return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
    }
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
}

}  // namespace

unescaped unescape(std::string_view raw, char* out) {
    const char* from = raw.data();
    const char* const end = from + raw.size();
    unescaped result;
    while (true) {
        copy_plain(from, end, out);
        if (from == end) break;
        const auto at = static_cast<std::size_t>(from - raw.data());
        ++from;
        if (from != end && *from == 'u') {
            ++from;
            bool lone = false;
            const auto point = unicode_escape(from, end, lone);
            if (!point) return {nullptr, at, false};
            if (lone && !result.lone_surrogate) {
                result.lone_surrogate = true;
                result.bad = at;
            }
            out = put_utf8(*point, out);
            continue;
        }
        const char c = from == end ? '\0' : simple_escape(*from);
        if (c == '\0') return {nullptr, at, false};
        *out++ = c;
        ++from;
    }
    result.end = out;
    return result;
}

bool has_escape(std::string_view raw) {
    // Keys and roles are shorter than the call of a library function is worth.
    if (raw.size() > 32) return std::memchr(raw.data(), '\\', raw.size()) != nullptr;
    if (raw.size() < 4) return std::ranges::any_of(raw, [](char c) { return c == '\\'; });
    // The last word overlaps with those before.
    const auto any = [&]<typename Word>(Word) {
        constexpr auto ones = static_cast<Word>(0x0101010101010101);
        const auto within = [&](std::size_t i) {
            Word word = 0;
            std::memcpy(&word, raw.data() + i, sizeof word);
            word ^= ones * '\\';
            return ((word - ones) & ~word & (ones << 7)) != 0;
        };
        for (std::size_t i = 0; i + sizeof(Word) < raw.size(); i += sizeof(Word)) {
            if (within(i)) return true;
        }
        return within(raw.size() - sizeof(Word));
    };
    return raw.size() < 8 ? any(std::uint32_t{}) : any(std::uint64_t{});
}

std::size_t first_invalid_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto n = utf8_sequence(text.substr(i));
        if (n == 0) break;
        i += n;
    }
    return i;
}

bool is_json_number(std::string_view text) {
    std::size_t i = 0;
    if (i < text.size() && text[i] == '-') ++i;
    if (!digit_at(text, i)) return false;
    if (text[i] == '0' && digit_at(text, i + 1)) return false;
    while (digit_at(text, i)) ++i;
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (!digit_at(text, i)) return false;
        while (digit_at(text, i)) ++i;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        if (!digit_at(text, i)) return false;
        while (digit_at(text, i)) ++i;
    }
    return i == text.size();
}

}  // namespace weir::payload
