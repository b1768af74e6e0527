#include "sim/json_reader.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/strings.hpp"

namespace weir::sim {
namespace {

using kind = json_value::kind;

void append_utf8(std::string& out, unsigned code) {
    const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

unsigned hex4(std::string_view digits) {
    unsigned code = 0;
    std::from_chars(digits.data(), digits.data() + 4, code, 16);
    return code;
}

// The code point of the escape whose `u` stands at `i`; moves `i` to its last digit. Lone
// surrogates become U+FFFD.
unsigned unescape_unicode(std::string_view s, std::size_t& i) {
    const auto code = hex4(s.substr(i + 1));
    i += 4;
    if (code < 0xD800 || code > 0xDFFF) return code;
    if (code < 0xDC00 && s.substr(i + 1).starts_with("\\u")) {
        const auto low = hex4(s.substr(i + 3));
        if (low >= 0xDC00 && low <= 0xDFFF) {
            i += 6;
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return 0xFFFD;
}

// `quoted` with its quotes, already checked.
std::string unescape(std::string_view quoted) {
    const auto s = quoted.substr(1, quoted.size() - 2);
    if (s.find('\\') == std::string_view::npos) return std::string(s);
    std::string out;
    out.reserve(s.size());
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '\\') {
            out += s[i];
            continue;
        }
        switch (s[++i]) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u':
                append_utf8(out, unescape_unicode(s, i));
                break;
            default:
                out += s[i];
        }
    }
    return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

kind json_value::what() const {
    return document_ == nullptr ? kind::absent : document_->nodes_[index_].what;
}

json_value json_value::first() const {
    if (document_ == nullptr || document_->nodes_[index_].child == json_document::none) return {};
    return {document_, document_->nodes_[index_].child};
}

json_value json_value::next() const {
    if (document_ == nullptr || document_->nodes_[index_].next == json_document::none) return {};
    return {document_, document_->nodes_[index_].next};
}

std::string json_value::name() const {
    if (document_ == nullptr) return {};
    const auto& n = document_->nodes_[index_];
    if (n.name_begin == n.name_end) return {};
    return unescape(document_->text_.substr(n.name_begin, n.name_end - n.name_begin));
}

json_value json_value::get(std::string_view name) const {
    json_value found;
    if (!is(kind::object)) return found;
    for (auto v = first(); v; v = v.next()) {
        const auto& n = document_->nodes_[v.index_];
        const auto quoted = document_->text_.substr(n.name_begin, n.name_end - n.name_begin);
        const auto inside = quoted.substr(1, quoted.size() - 2);
        const bool plain = inside.find('\\') == std::string_view::npos;
        if (plain ? inside == name : unescape(quoted) == name) found = v;
    }
    return found;
}

std::string_view json_value::raw() const {
    if (document_ == nullptr) return {};
    const auto& n = document_->nodes_[index_];
    return document_->text_.substr(n.begin, n.end - n.begin);
}

std::optional<bool> json_value::boolean() const {
    if (!is(kind::boolean)) return std::nullopt;
    return raw() == "true";
}

std::optional<double> json_value::number() const {
    if (!is(kind::number)) return std::nullopt;
    return parse_double(raw());
}

std::optional<std::int64_t> json_value::integer() const {
    if (!is(kind::number)) return std::nullopt;
    if (const auto whole = parse_int(raw())) return whole;
    const auto real = parse_double(raw());
    if (!real || std::trunc(*real) != *real || std::abs(*real) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(*real);
}

std::optional<std::string> json_value::string() const {
    if (!is(kind::string)) return std::nullopt;
    return unescape(raw());
}

bool json_document::parse(std::string_view text) {
    text_ = text;
    at_ = 0;
    error_ = {};
    nodes_.clear();
    std::uint32_t root = 0;
    bool good = text.size() < none ? value(0, root) : fail("text too long");
    if (good) {
        space();
        good = at_ == text_.size() || fail("bytes behind the value");
    }
    if (!good) nodes_.clear();
    return good;
}

bool json_document::fail(std::string_view why) {
    if (error_.empty()) error_ = why;
    return false;
}

void json_document::space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
        ++at_;
    }
}

bool json_document::eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
}

bool json_document::value(int depth, std::uint32_t& index) {
    if (depth > max_depth) return fail("nested too deeply");
    space();
    index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    nodes_[index].begin = static_cast<std::uint32_t>(at_);
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    bool good = false;
    auto what = kind::number;
    if (c == '{' || c == '[') {
        what = c == '{' ? kind::object : kind::array;
        good = container(depth, index, c == '{');
    } else if (c == '"') {
        what = kind::string;
        good = string();
    } else if (c == 't' || c == 'f') {
        what = kind::boolean;
        good = literal(c == 't' ? "true" : "false");
    } else if (c == 'n') {
        what = kind::null;
        good = literal("null");
    } else {
        good = number();
    }
    nodes_[index].what = what;
    nodes_[index].end = static_cast<std::uint32_t>(at_);
    return good;
}

bool json_document::container(int depth, std::uint32_t index, bool object) {
    const char close = object ? '}' : ']';
    ++at_;
    space();
    if (eat(close)) return true;
    auto previous = none;
    for (;;) {
        space();
        const auto name_begin = static_cast<std::uint32_t>(at_);
        if (object && !string()) return fail("expected a member name");
        const auto name_end = static_cast<std::uint32_t>(at_);
        space();
        if (object && !eat(':')) return fail("expected a colon");
        std::uint32_t child = 0;
        if (!value(depth + 1, child)) return false;
        if (object) {
            nodes_[child].name_begin = name_begin;
            nodes_[child].name_end = name_end;
        }
        (previous == none ? nodes_[index].child : nodes_[previous].next) = child;
        previous = child;
        space();
        if (eat(close)) return true;
        if (!eat(',')) return fail("expected a comma or the end of the list");
    }
}

bool json_document::string() {
    if (!eat('"')) return fail("expected a string");
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == '"') return true;
        if (static_cast<unsigned char>(c) < 0x20) return fail("control byte in a string");
        if (c != '\\') continue;
        if (at_ >= text_.size()) break;
        const char e = text_[at_++];
        if (e == 'u') {
            for (int i = 0; i < 4; ++i, ++at_) {
                if (at_ >= text_.size() || !is_hex(text_[at_])) return fail("bad unicode escape");
            }
        } else if (std::strchr("\"\\/bfnrt", e) == nullptr || e == '\0') {
            return fail("unknown escape");
        }
    }
    return fail("string without end");
}

bool json_document::number() {
    const auto digits = [this] {
        const auto from = at_;
        while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
        return at_ > from;
    };
    eat('-');
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    if (zero) {
        ++at_;
    } else if (!digits()) {
        return fail("expected a value");
    }
    if (eat('.') && !digits()) return fail("expected a digit");
    if (eat('e') || eat('E')) {
        if (!eat('+')) eat('-');
        if (!digits()) return fail("expected a digit");
    }
    return true;
}

bool json_document::literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("expected a value");
    at_ += word.size();
    return true;
}

}  // namespace weir::sim
