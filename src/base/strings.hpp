#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The same `size` bytes but for the case of ASCII letters.
bool same_but_case(const char* a, const char* b, std::size_t size);

/// ASCII case-insensitive comparison; no locale.
inline bool iequals(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    if (a.empty()) return true;
    // Most that are unlike are so in their first or last letter.
    const auto unlike = (a.front() ^ b.front()) | (a.back() ^ b.back());
    return (unlike & ~0x20) == 0 && same_but_case(a.data(), b.data(), a.size());
}

/// ASCII lower case, no locale.
std::string to_lower(std::string_view s);
/// The same written to `to`, which has room for it.
void lower_copy(std::string_view s, char* to);

/// `trim` of a text that begins or ends with white space.
std::string_view trim_ends(std::string_view s, bool lines);

/// Without leading and trailing spaces and tabs (and CR, LF when `lines`).
inline std::string_view trim(std::string_view s, bool lines = false) {
    const auto printable = [](char c) { return static_cast<unsigned char>(c) > ' '; };
    if (s.empty() || (printable(s.front()) && printable(s.back()))) return s;
    return trim_ends(s, lines);
}

/// The parts between separators, untrimmed; an empty text gives one empty part.
std::vector<std::string_view> split(std::string_view s, char separator);

/// A whole decimal number, optional sign, nothing else; nothing on overflow.
std::optional<std::int64_t> parse_int(std::string_view s);

/// A whole floating-point number in C notation; nothing else around it.
std::optional<double> parse_double(std::string_view s);

/// A Go duration: `200ms`, `1.5s`, `1m30s`, `-2h`, `0`; units ns us µs ms s m h.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view s);

/// A size with an optional Kubernetes suffix (`100`, `1k`, `10M`, `64Mi`, `1Gi`, `0.5Gi`), in
/// units.
std::optional<std::uint64_t> parse_quantity(std::string_view s);

/// `1h2m3.5s` the way Go prints a duration.
std::string format_go_duration(std::chrono::nanoseconds d);

/// The candidate closest to `word` by edit distance, or empty when none is close enough to be
/// meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace weir
