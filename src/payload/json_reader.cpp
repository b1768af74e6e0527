#include "payload/json_reader.hpp"

#include <cmath>
#include <limits>

#include "base/strings.hpp"

namespace weir::payload {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

// Digits only, at most 18 of them.
std::optional<std::int64_t> short_digits(std::string_view text) {
    if (text.empty() || text.size() > 18 || (text[0] == '0' && text.size() > 1))
        return std::nullopt;
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

bool json_reader::unexpected(std::size_t token) {
    switch (index_.kind(token)) {
        case ',':
            return fail("unexpected ','", index_.position(token));
        case ':':
            return fail("unexpected ':'", index_.position(token));
        case '}':
            return fail("unexpected '}'", index_.position(token));
        case ']':
            return fail("unexpected ']'", index_.position(token));
        default:
            return fail("unexpected value", index_.position(token));
    }
}

bool json_reader::bad_member(std::size_t token) {
    if (index_.kind(token) != '"') {
        return fail("expected a string as object key", index_.position(token));
    }
    if (index_.kind(token + 1) != ':') {
        return fail("expected ':' after object key", index_.position(token + 1));
    }
    return unexpected(token + 2);
}

bool json_reader::literal(std::size_t token, std::string_view word) {
    if (index_.raw(token) == word) return true;
    return fail("invalid literal", index_.position(token));
}

bool json_reader::check(std::size_t token) {
    switch (index_.kind(token)) {
        case '"':
        case '{':
        case '[':
            return true;
        case 'n':
            return literal(token, "null");
        case 't':
            return literal(token, "true");
        case 'f':
            return literal(token, "false");
        default:
            break;
    }
    if (!is_number(token)) return fail("unexpected character", index_.position(token));
    if (is_json_number(index_.raw(token))) return true;
    return fail("invalid number", index_.position(token));
}

std::optional<std::int64_t> json_reader::whole(std::size_t token) {
    if (!is_number(token)) return std::nullopt;
    const auto raw = index_.raw(token);
    if (const auto value = short_digits(raw)) return value;
    if (!is_json_number(raw)) {
        fail("invalid number", index_.position(token));
        return std::nullopt;
    }
    if (raw.find_first_of(".eE") == std::string_view::npos) {
        if (const auto value = parse_int(raw)) return value;
        return raw[0] == '-' ? -largest : largest;
    }
    // Out of range (1e999, 1e-999) is no double to the parser; the sign of the exponent tells
    // which.
    const auto value = parse_double(raw);
    if (!value || std::isinf(*value)) {
        const auto exponent = raw.find_first_of("eE");
        const bool tiny = exponent != std::string_view::npos && raw[exponent + 1] == '-';
        if (tiny) return std::nullopt;
        return raw[0] == '-' ? -largest : largest;
    }
    if (*value != std::trunc(*value)) return std::nullopt;
    if (*value >= 9.2e18) return largest;
    if (*value <= -9.2e18) return -largest;
    return static_cast<std::int64_t>(*value);
}

bool json_reader::append_text(std::size_t token, byte_buffer& out) {
    const auto raw = inside(token);
    char* const begin = out.room(raw.size());
    const auto done = unescape(raw, begin);
    if (done.end == nullptr) return fail("invalid escape", index_.position(token) + 1 + done.bad);
    out.commit(static_cast<std::size_t>(done.end - begin));
    return true;
}

std::optional<std::string_view> json_reader::text(std::size_t token, byte_buffer& spare) {
    const auto raw = inside(token);
    if (!has_escape(raw)) return raw;
    char* const begin = spare.room(raw.size());
    const auto done = unescape(raw, begin);
    if (done.end == nullptr) {
        fail("invalid escape", index_.position(token) + 1 + done.bad);
        return std::nullopt;
    }
    return std::string_view(begin, static_cast<std::size_t>(done.end - begin));
}

std::optional<std::string_view> json_reader::exact_text(std::size_t token, byte_buffer& spare) {
    const auto raw = inside(token);
    if (!has_escape(raw)) return raw;
    char* const begin = spare.room(raw.size());
    const auto done = unescape(raw, begin);
    if (done.end == nullptr || done.lone_surrogate) {
        fail(done.end == nullptr ? "invalid escape" : "lone surrogate",
             index_.position(token) + 1 + done.bad);
        return std::nullopt;
    }
    return std::string_view(begin, static_cast<std::size_t>(done.end - begin));
}

std::string_view json_reader::key(std::size_t token) {
    const auto raw = inside(token);
    if (!has_escape(raw)) return raw;
    if (raw.size() > key_.size()) return {};
    const auto done = unescape(raw, key_.data());
    if (done.end == nullptr) {
        fail("invalid escape", index_.position(token) + 1 + done.bad);
        return {};
    }
    return {key_.data(), static_cast<std::size_t>(done.end - key_.data())};
}

}  // namespace weir::payload
