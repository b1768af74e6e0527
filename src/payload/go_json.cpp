#include "payload/go_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.hpp"

namespace weir::payload {
namespace {

// 1: escaped in Go's output; 2: the lead byte of U+2028 and U+2029.
constexpr std::array<unsigned char, 256> special = [] {
    std::array<unsigned char, 256> table{};
    for (std::size_t c = 0; c < 0x20; ++c) table[c] = 1;
    for (const char c : {'"', '\\', '<', '>', '&'}) table[static_cast<unsigned char>(c)] = 1;
    table[0xE2] = 2;
    return table;
}();

void append_escape(unsigned char c, byte_buffer& out) {
    static constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"':
            return out.append("\\\"");
        case '\\':
            return out.append("\\\\");
        case '\b':
            return out.append("\\b");
        case '\f':
            return out.append("\\f");
        case '\n':
            return out.append("\\n");
        case '\r':
            return out.append("\\r");
        case '\t':
            return out.append("\\t");
        default:
            break;
    }
    out.append("\\u00");
    out.append(hex[c >> 4]);
    out.append(hex[c & 15]);
}

bool is_separator(std::string_view text, std::size_t i) {
    return text.size() - i >= 3 && text[i + 1] == '\x80' &&
           (text[i + 2] == '\xA8' || text[i + 2] == '\xA9');
}

// Whole numbers this short print as they are written, whatever goes through float64 (zero keeps its
// sign there too).
bool prints_as_written(std::string_view raw) {
    return raw.size() <= 15 &&
           raw.find_first_not_of("0123456789", raw[0] == '-' ? 1 : 0) == std::string_view::npos;
}

}  // namespace

void go_json::append_string(std::string_view text, byte_buffer& out) {
    out.append('"');
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto kind = special[c];
        if (kind == 0 || (kind == 2 && !is_separator(text, i))) continue;
        out.append(text.substr(plain, i - plain));
        if (kind == 1) {
            append_escape(c, out);
        } else {
            out.append(text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029");
            i += 2;
        }
        plain = i + 1;
    }
    out.append(text.substr(plain));
    out.append('"');
}

void go_json::trim(std::size_t limit) {
    keys_.trim(limit);
    spare_.trim(limit);
    members_.clear();
    if (members_.capacity() * sizeof(member) > limit) members_.shrink_to_fit();
}

bool go_json::append(json_reader& reader, std::size_t token, byte_buffer& out) {
    members_.clear();
    keys_.clear();
    return value(reader, token, out);
}

bool go_json::value(json_reader& reader, std::size_t token, byte_buffer& out) {
    if (reader.is_string(token)) return string(reader, token, out);
    if (reader.is_object(token)) return object(reader, token, out);
    if (!reader.is_array(token)) {
        if (!reader.check(token)) return false;
        const auto raw = reader.index().raw(token);
        if (reader.is_number(token)) {
            number(raw, out);
        } else {
            out.append(raw);
        }
        return true;
    }
    out.append('[');
    bool first = true;
    const bool ok = reader.each_element(token, [&](std::size_t element) {
        if (!first) out.append(',');
        first = false;
        return value(reader, element, out);
    });
    out.append(']');
    return ok;
}

std::string_view go_json::name(const member& m) const {
    return m.data != nullptr ? std::string_view(m.data, m.size) : keys_.view(m.offset, m.size);
}

bool go_json::collect(json_reader& reader, std::size_t token) {
    return reader.each_member(token, [&](std::string_view, std::size_t v) {
        // The key stands two tokens before its value.
        const auto raw = reader.inside(v - 2);
        member m{raw.data(), 0, static_cast<std::uint32_t>(raw.size()),
                 static_cast<std::uint32_t>(v)};
        if (has_escape(raw)) {
            const auto offset = keys_.size();
            if (!reader.append_text(v - 2, keys_)) return false;
            m = {nullptr, static_cast<std::uint32_t>(offset),
                 static_cast<std::uint32_t>(keys_.size() - offset), static_cast<std::uint32_t>(v)};
        }
        members_.push_back(m);
        return true;
    });
}

bool go_json::object(json_reader& reader, std::size_t token, byte_buffer& out) {
    const std::size_t first = members_.size();
    const std::size_t first_key = keys_.size();
    if (!collect(reader, token)) return false;
    std::sort(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
              [this](const member& a, const member& b) {
                  const int order = name(a).compare(name(b));
                  return order != 0 ? order < 0 : a.token < b.token;
              });
    out.append('{');
    const std::size_t last = members_.size();
    for (std::size_t i = first; i < last; ++i) {
        if (i + 1 < last && name(members_[i]) == name(members_[i + 1])) continue;
        if (out.view(out.size() - 1, 1) != "{") out.append(',');
        append_string(name(members_[i]), out);
        out.append(':');
        if (!value(reader, members_[i].token, out)) return false;
    }
    out.append('}');
    members_.resize(first);
    keys_.resize_down(first_key);
    return true;
}

bool go_json::string(json_reader& reader, std::size_t token, byte_buffer& out) {
    spare_.clear();
    const auto text = reader.text(token, spare_);
    if (!text) return false;
    append_string(*text, out);
    return true;
}

void go_json::number(std::string_view raw, byte_buffer& out) {
    const auto parsed = prints_as_written(raw) ? std::nullopt : parse_double(raw);
    if (!parsed || !std::isfinite(*parsed)) return out.append(raw);
    const double size = std::abs(*parsed);
    const bool scientific = size >= 1e15 || (size != 0 && size < 1e-6);
    std::array<char, 64> text;
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), *parsed,
                      scientific ? std::chars_format::scientific : std::chars_format::fixed)
            .ptr;
    const std::string_view printed(text.data(), static_cast<std::size_t>(end - text.data()));
    const auto e = printed.find('e');
    if (e == std::string_view::npos) return out.append(printed);
    if (size >= 1e21 || size < 1e-6) {
        // Go prints e-9 where C prints e-09.
        const bool padded = printed[e + 1] == '-' && printed[e + 2] == '0';
        out.append(printed.substr(0, e + 2));
        return out.append(printed.substr(padded ? e + 3 : e + 2));
    }
    // Whole and large: the shortest digits, filled up with zeros (C would print the exact value
    // instead).
    const auto exponent = parse_int(printed.substr(e + 2)).value_or(0);
    std::int64_t digits = 0;
    for (const char c : printed.substr(0, e)) {
        if (c == '.') continue;
        out.append(c);
        if (c != '-') ++digits;
    }
    for (; digits <= exponent; ++digits) out.append('0');
}

}  // namespace weir::payload
