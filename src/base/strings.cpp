#include "base/strings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>

namespace weir {
namespace {

char lower(char c) { return (c >= 'A' && c <= 'Z') ? static_cast<char>(c | 0x20) : c; }

// Eight characters at a time, in one word.
constexpr std::uint64_t ones = 0x0101010101010101U;
constexpr std::uint64_t high = ones << 7;

std::uint64_t load_eight(const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// The high bit of each character from `first` to `last`, which are ASCII. Characters without their
/// high bits cannot carry into their neighbours.
std::uint64_t within(std::uint64_t word, char first, char last) {
    const auto low = word & ~high;
    const auto reached = low + ones * static_cast<std::uint64_t>(0x80 - first);
    const auto passed = low + ones * static_cast<std::uint64_t>(0x7F - last);
    return reached & ~passed & ~word & high;
}

bool same_eight_but_case(const char* a, const char* b) {
    const auto x = load_eight(a);
    const auto differ = x ^ load_eight(b);
    if (differ == 0) return true;
    if ((differ & ~(ones * 0x20)) != 0) return false;
    // The bit of case alone: all right in a letter.
    return (differ << 2 & ~within(x | ones * 0x20, 'a', 'z')) == 0;
}

void lower_eight(const char* from, char* to) {
    auto word = load_eight(from);
    word |= within(word, 'A', 'Z') >> 2;
    std::memcpy(to, &word, sizeof word);
}

struct unit {
    std::string_view name;
    double nanoseconds;
};

// Longest spelling first where one is a prefix of another.
constexpr unit duration_units[] = {
    {"ns", 1},   {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"\xCE\xBCs", 1e3},
    {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},        {"h", 3600e9},
};

struct suffix {
    std::string_view name;
    double factor;
};

constexpr suffix quantity_suffixes[] = {
    {"Ki", 1024.0}, {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0},
    {"k", 1e3},     {"M", 1e6},        {"G", 1e9},           {"T", 1e12},
};

/// Insertions, deletions, replacements and swaps of neighbours that make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    const auto same = [&](std::size_t i, std::size_t j) { return lower(a[i]) == lower(b[j]); };
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::swap(before_last, last);
        std::swap(last, row);
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, last[j] + (same(i, j) ? 0 : 1)});
            const bool swapped = i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j);
            if (swapped) row[j + 1] = std::min(row[j + 1], before_last[j - 1] + 1);
        }
    }
    return row.back();
}

}  // namespace

bool same_but_case(const char* a, const char* b, std::size_t size) {
    if (size < 8) {
        for (std::size_t i = 0; i < size; ++i) {
            if (lower(a[i]) != lower(b[i])) return false;
        }
        return true;
    }
    // The last eight overlap with those before.
    for (std::size_t i = 0; i + 8 < size; i += 8) {
        if (!same_eight_but_case(a + i, b + i)) return false;
    }
    return same_eight_but_case(a + size - 8, b + size - 8);
}

std::string to_lower(std::string_view s) {
    std::string out(s.size(), '\0');
    lower_copy(s, out.data());
    return out;
}

void lower_copy(std::string_view s, char* to) {
    if (s.size() < 8) {
        for (const char c : s) *to++ = lower(c);
        return;
    }
    // The last eight overlap with those before.
    for (std::size_t i = 0; i + 8 < s.size(); i += 8) lower_eight(s.data() + i, to + i);
    lower_eight(s.data() + s.size() - 8, to + s.size() - 8);
}

std::string_view trim_ends(std::string_view s, bool lines) {
    const auto drop = [lines](char c) {
        return c == ' ' || c == '\t' || (lines && (c == '\r' || c == '\n'));
    };
    while (!s.empty() && drop(s.front())) s.remove_prefix(1);
    while (!s.empty() && drop(s.back())) s.remove_suffix(1);
    return s;
}

std::vector<std::string_view> split(std::string_view s, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = s.find(separator);
        parts.push_back(s.substr(0, at));
        if (at == std::string_view::npos) return parts;
        s.remove_prefix(at + 1);
    }
}

std::optional<std::int64_t> parse_int(std::string_view s) {
    if (!s.empty() && s.front() == '+') {
        s.remove_prefix(1);
        if (!s.empty() && (s.front() == '-' || s.front() == '+')) return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (ec != std::errc() || end != s.data() + s.size()) return std::nullopt;
    return value;
}

std::optional<double> parse_double(std::string_view s) {
    if (!s.empty() && s.front() == '+') s.remove_prefix(1);
    double value = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (ec != std::errc() || end != s.data() + s.size()) return std::nullopt;
    return value;
}

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view s) {
    bool negative = false;
    if (!s.empty() && (s.front() == '-' || s.front() == '+')) {
        negative = s.front() == '-';
        s.remove_prefix(1);
    }
    if (s == "0") return std::chrono::nanoseconds(0);
    if (s.empty()) return std::nullopt;
    double total = 0;
    while (!s.empty()) {
        std::size_t digits = 0;
        bool any = false;
        while (digits < s.size() && ((s[digits] >= '0' && s[digits] <= '9') || s[digits] == '.')) {
            any = any || s[digits] != '.';
            ++digits;
        }
        if (!any) return std::nullopt;
        auto number = std::string(s.substr(0, digits));
        if (number.front() == '.') number.insert(0, "0");
        if (number.back() == '.') number += '0';
        const auto value = parse_double(number);
        if (!value) return std::nullopt;
        s.remove_prefix(digits);
        const auto* u = std::find_if(std::begin(duration_units), std::end(duration_units),
                                     [&](const unit& x) { return s.starts_with(x.name); });
        if (u == std::end(duration_units)) return std::nullopt;
        s.remove_prefix(u->name.size());
        total += *value * u->nanoseconds;
    }
    if (total > 9.2e18) return std::nullopt;
    const auto ns = static_cast<std::int64_t>(std::llround(total));
    return std::chrono::nanoseconds(negative ? -ns : ns);
}

std::optional<std::uint64_t> parse_quantity(std::string_view s) {
    double factor = 1;
    for (const auto& x : quantity_suffixes) {
        if (s.ends_with(x.name)) {
            factor = x.factor;
            s.remove_suffix(x.name.size());
            break;
        }
    }
    const auto value = parse_double(s);
    if (!value || !(*value >= 0) || *value * factor > 9.2e18) return std::nullopt;
    return static_cast<std::uint64_t>(std::llround(std::ceil(*value * factor)));
}

std::string format_go_duration(std::chrono::nanoseconds d) {
    auto ns = d.count();
    if (ns == 0) return "0s";
    std::string out;
    if (ns < 0) {
        out += '-';
        ns = -ns;
    }
    const auto number = [](double v) {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, v).ptr;
        return std::string(text, end);
    };
    if (ns < 1000) return out + std::to_string(ns) + "ns";
    if (ns < 1000000) return out + number(static_cast<double>(ns) / 1e3) + "\xC2\xB5s";
    if (ns < 1000000000) return out + number(static_cast<double>(ns) / 1e6) + "ms";
    const auto hours = ns / 3600000000000;
    const auto minutes = ns / 60000000000 % 60;
    if (hours != 0) out += std::to_string(hours) + "h";
    if (hours != 0 || minutes != 0) out += std::to_string(minutes) + "m";
    return out + number(static_cast<double>(ns % 60000000000) / 1e9) + "s";
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        if (distance >= best_distance) continue;
        best_distance = distance;
        best = candidate;
    }
    return best;
}

}  // namespace weir
