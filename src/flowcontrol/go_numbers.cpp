#include "flowcontrol/go_numbers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/strings.hpp"

namespace weir::flowcontrol {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

std::string number_error(std::string_view function, std::string_view text, std::string_view why) {
    return "strconv." + std::string(function) + ": parsing " + go_quote(text) + ": " +
           std::string(why);
}

std::string_view without_sign(std::string_view text) {
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
    return text;
}

bool has_hex_prefix(std::string_view number) {
    return number.size() > 2 && number[0] == '0' && lower(number[1]) == 'x';
}

/// Go's rule for literals: an underscore stands between digits, or between the base prefix and one.
bool underscores_fit(std::string_view number) {
    const bool hex = has_hex_prefix(number);
    char before = hex ? '0' : '^';
    if (hex) number.remove_prefix(2);
    for (const char c : number) {
        if (hex ? is_hex(c) : is_digit(c)) {
            before = '0';
        } else if (c == '_') {
            if (before != '0') return false;
            before = '_';
        } else {
            if (before == '_') return false;
            before = '!';
        }
    }
    return before != '_';
}

/// The length of mantissa digits with at most one dot; nothing without a digit.
std::optional<std::size_t> mantissa_length(std::string_view s, bool hex) {
    bool dot = false;
    bool digits = false;
    std::size_t i = 0;
    for (; i < s.size(); ++i) {
        if (s[i] == '_') continue;
        if (s[i] == '.' && !dot) {
            dot = true;
        } else if (hex ? is_hex(s[i]) : is_digit(s[i])) {
            digits = true;
        } else {
            break;
        }
    }
    return digits ? std::optional(i) : std::nullopt;
}

/// Whether the text is a number in Go's syntax; sign cut off.
bool is_go_number(std::string_view number) {
    const bool hex = has_hex_prefix(number);
    auto rest = hex ? number.substr(2) : number;
    const auto mantissa = mantissa_length(rest, hex);
    if (!mantissa) return false;
    rest.remove_prefix(*mantissa);
    if (rest.empty()) return !hex && underscores_fit(number);
    if (lower(rest[0]) != (hex ? 'p' : 'e')) return false;
    rest = without_sign(rest.substr(1));
    if (rest.empty() || !is_digit(rest[0])) return false;
    if (!std::all_of(rest.begin(), rest.end(), [](char c) { return is_digit(c) || c == '_'; })) {
        return false;
    }
    return underscores_fit(number);
}

std::optional<double> special_float(std::string_view text) {
    const auto word = without_sign(text);
    if (iequals(word, "inf") || iequals(word, "infinity")) {
        return text[0] == '-' ? -INFINITY : INFINITY;
    }
    if (iequals(text, "nan")) return NAN;
    return std::nullopt;
}

/// Where in Go's grammar a text that is no duration goes wrong.
std::string duration_error(std::string_view text) {
    const auto invalid = "time: invalid duration " + go_quote(text);
    auto rest = without_sign(text);
    while (!rest.empty()) {
        const auto whole = std::min(rest.find_first_not_of("0123456789"), rest.size());
        auto digits = whole;
        auto number = whole;
        if (number < rest.size() && rest[number] == '.') {
            const auto end = rest.find_first_not_of("0123456789", number + 1);
            digits += std::min(end, rest.size()) - number - 1;
            number = std::min(end, rest.size());
        }
        if (digits == 0) return invalid;
        rest.remove_prefix(number);
        const auto unit = rest.substr(0, std::min(rest.find_first_of(".0123456789"), rest.size()));
        if (unit.empty()) return "time: missing unit in duration " + go_quote(text);
        static constexpr std::array<std::string_view, 8> units{"ns", "us", "\xc2\xb5s", "\xce\xbcs",
                                                               "ms", "s",  "m",         "h"};
        if (std::find(units.begin(), units.end(), unit) == units.end()) {
            return "time: unknown unit " + go_quote(unit) + " in duration " + go_quote(text);
        }
        rest.remove_prefix(unit.size());
    }
    return invalid;
}

}  // namespace

go_value<std::int64_t> go_atoi(std::string_view text) {
    const auto digits = without_sign(text);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
        return number_error("Atoi", text, "invalid syntax");
    }
    std::int64_t value = 0;
    const auto number = text[0] == '+' ? digits : text;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc()) return number_error("Atoi", text, "value out of range");
    return value;
}

go_value<double> go_parse_float(std::string_view text) {
    if (const auto special = special_float(text)) return *special;
    if (!is_go_number(without_sign(text))) {
        return number_error("ParseFloat", text, "invalid syntax");
    }
    std::string plain(text);
    std::erase(plain, '_');
    const double value = std::strtod(plain.c_str(), nullptr);
    if (std::isinf(value)) return number_error("ParseFloat", text, "value out of range");
    return value;
}

go_value<std::chrono::nanoseconds> go_parse_duration(std::string_view text) {
    if (const auto value = parse_go_duration(text)) return *value;
    return duration_error(text);
}

std::string go_format_float(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
    // Shortest digits; with an exponent below 1e-4 and from 1e6 on.
    const auto size = std::abs(value);
    const bool exponent = size != 0 && (size < 1e-4 || size >= 1e6);
    std::array<char, 64> buffer;
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                      exponent ? std::chars_format::scientific : std::chars_format::fixed);
    return {buffer.data(), end.ptr};
}

std::string go_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (byte < 0x20 || byte == 0x7f) {
            std::array<char, 5> escape{};
            std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned>(byte));
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace weir::flowcontrol
