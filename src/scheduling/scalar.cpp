#include "scheduling/scalar.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/strings.hpp"

namespace weir::scheduling {

namespace {

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 9> yes = {"true", "True", "TRUE", "yes", "Yes",
                                                 "YES",  "on",   "On",   "ON"};
constexpr std::array<std::string_view, 9> no = {"false", "False", "FALSE", "no", "No",
                                                "NO",    "off",   "Off",   "OFF"};
constexpr std::array<std::string_view, 5> nothing = {"", "~", "null", "Null", "NULL"};

std::optional<std::int64_t> prefixed_integer(std::string_view s) {
    const bool negative = s.starts_with('-');
    if (negative || s.starts_with('+')) s.remove_prefix(1);
    int base = 0;
    if (s.starts_with("0x")) base = 16;
    if (s.starts_with("0o")) base = 8;
    if (s.starts_with("0b")) base = 2;
    if (base == 0 || s.size() < 3) return std::nullopt;
    std::size_t used = 0;
    const std::string digits(s.substr(2));
    try {
        const auto v = std::stoll(digits, &used, base);
        if (used != digits.size() || v < 0) return std::nullopt;
        return negative ? -v : v;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

std::optional<std::int64_t> plain_integer(std::string_view s) {
    if (const auto v = parse_int(s)) return v;
    return prefixed_integer(s);
}

/// Digits, one dot, an exponent: what YAML's core schema calls a float (no hex floats, no words).
std::optional<double> plain_number(std::string_view s) {
    if (s.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return std::nullopt;
    if (s.find_first_of("0123456789") == std::string_view::npos) return std::nullopt;
    if (s.starts_with('+')) s.remove_prefix(1);
    const auto v = parse_double(s);
    return v && std::isfinite(*v) ? v : std::nullopt;
}

}  // namespace

scalar_kind kind_of(const config::node& value) {
    if (value.is_null()) return scalar_kind::null;
    if (value.quoted) return scalar_kind::text;
    const std::string_view s = value.scalar;
    if (one_of(s, nothing)) return scalar_kind::null;
    if (one_of(s, yes) || one_of(s, no)) return scalar_kind::boolean;
    if (plain_integer(s)) return scalar_kind::integer;
    if (plain_number(s)) return scalar_kind::number;
    return scalar_kind::text;
}

std::optional<bool> as_boolean(const config::node& value) {
    if (!value.is_scalar() || kind_of(value) != scalar_kind::boolean) return std::nullopt;
    return one_of(value.scalar, yes);
}

std::optional<double> as_number(const config::node& value) {
    if (!value.is_scalar()) return std::nullopt;
    switch (kind_of(value)) {
        case scalar_kind::integer:
            return static_cast<double>(*plain_integer(value.scalar));
        case scalar_kind::number:
            return plain_number(value.scalar);
        default:
            return std::nullopt;
    }
}

std::optional<std::int64_t> as_integer(const config::node& value) {
    if (!value.is_scalar()) return std::nullopt;
    const auto kind = kind_of(value);
    if (kind == scalar_kind::integer) return plain_integer(value.scalar);
    if (kind != scalar_kind::number) return std::nullopt;
    const double v = *plain_number(value.scalar);
    if (v != std::trunc(v) || std::fabs(v) > 9.0e15) return std::nullopt;
    return static_cast<std::int64_t>(v);
}

std::optional<std::string_view> as_text(const config::node& value) {
    if (!value.is_scalar() || kind_of(value) != scalar_kind::text) return std::nullopt;
    return std::string_view(value.scalar);
}

std::string_view describe(const config::node& value) {
    if (value.is_sequence()) return "a list";
    if (value.is_mapping()) return "an object";
    switch (kind_of(value)) {
        case scalar_kind::null:
            return "null";
        case scalar_kind::boolean:
            return "a boolean";
        case scalar_kind::integer:
            return "a whole number";
        case scalar_kind::number:
            return "a number with a fraction";
        case scalar_kind::text:
            return "a string";
    }
    return "a string";
}

}  // namespace weir::scheduling
