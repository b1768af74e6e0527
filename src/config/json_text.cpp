#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/strings.hpp"
#include "config/position.hpp"
#include "config/tree_builder.hpp"
#include "config/yaml.hpp"

/// A strict reader of RFC 8259 that keeps the place of every value, for what libyaml takes for YAML
/// but JSON is not, and for what it refuses although JSON allows it (surrogate pairs in escapes).
namespace weir::config {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) {
        out += static_cast<char>(static_cast<unsigned char>(byte));
    };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

/// What was meant by a word that is no value: other languages spell some of them differently.
std::string_view cure_of(std::string_view word) {
    if (word == "True" || word == "TRUE") return "write true";
    if (word == "False" || word == "FALSE") return "write false";
    if (word == "None" || word == "NULL" || word == "Null" || word == "nil") return "write null";
    const auto digits = word.substr(word.starts_with('-') || word.starts_with('+') ? 1 : 0);
    if (!digits.empty() && is_digit(digits.front()))
        return "write numbers as in 8000, 0.5 or -1e3: without leading zeros or units";
    return "put texts in double quotes";
}

class json_reader {
  public:
    json_reader(const text_window& window, findings& found, const document_sink& sink)
        : window_(window), text_(window.text), found_(found), sink_(sink), builder_(found) {}

    bool run() {
        skip_space();
        while (!ended()) {
            builder_.begin_document();
            if (!read_value()) return false;
            node root = builder_.take();
            if (!root.is_null()) sink_(std::move(root));
            skip_space();
        }
        return true;
    }

  private:
    enum class state : std::uint8_t { value, key_or_end, key, after_value, value_or_end };

    bool ended() const { return at_ >= text_.size(); }
    char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    /// Places are asked for in the order of the text, so that lines and columns are counted once.
    mark here() {
        while (counted_ < at_) {
            const char c = text_[counted_++];
            if (c == '\n') {
                ++line_;
                column_ = 1;
            } else if (!is_continuation(c)) {
                ++column_;
            }
        }
        return {window_.first_line + line_, column_,
                window_.first_byte + static_cast<std::uint32_t>(at_)};
    }

    span since(const mark& start) {
        return window_.collapse != nullptr ? *window_.collapse : span{window_.file, start, here()};
    }

    bool fail(const mark& start, std::string_view message, std::string_view help = {}) {
        if (!ended() && here().offset == start.offset) ++at_;
        found_.error("WEIR0102", message, since(start)).help = help;
        return false;
    }

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }

    /// Without recursion: the builder keeps the open containers, `open_` what closes them.
    bool read_value() {
        open_.clear();
        state next = state::value;
        for (;;) {
            skip_space();
            if (!step(next)) return false;
            if (open_.empty()) return true;
        }
    }

    bool step(state& next) {
        switch (next) {
            case state::value:
                return read_one(next);
            case state::value_or_end:
                return now() == ']' ? close(next) : read_one(next);
            case state::key_or_end:
                return now() == '}' ? close(next) : read_key(next);
            case state::key:
                return read_key(next);
            default:
                return read_separator(next);
        }
    }

    bool read_separator(state& next) {
        const char end = open_.back();
        if (now() == end) return close(next);
        const mark start = here();
        if (now() == ',') {
            ++at_;
            const mark behind = here();
            skip_space();
            if (now() == end) {
                found_
                    .error("WEIR0102", "JSON allows no comma behind the last value",
                           span{window_.file, start, behind})
                    .help = "remove the comma";
                return false;
            }
            next = end == '}' ? state::key : state::value;
            return true;
        }
        if (ended())
            return fail(start, std::string("the text ends inside of ") + name_of(end),
                        std::string("add `") + end + "`");
        return fail(start, std::string("`,` or `") + end + "` was expected here",
                    "a comma may be missing at the end of the line above");
    }

    static std::string name_of(char end) { return end == '}' ? "an object" : "an array"; }

    bool close(state& next) {
        ++at_;
        open_.pop_back();
        next = state::after_value;
        return builder_.end_container(here());
    }

    bool read_key(state& next) {
        const mark start = here();
        if (now() != '"') {
            if (ended()) return fail(start, "the text ends inside of an object", "add `}`");
            return fail(start, "a key in double quotes was expected here",
                        now() == '\'' ? "JSON takes double quotes only" : "");
        }
        if (!read_string()) return false;
        skip_space();
        if (now() != ':') return fail(here(), "`:` was expected here, between a key and its value");
        ++at_;
        next = state::value;
        return true;
    }

    bool read_one(state& next) {
        const mark start = here();
        next = state::after_value;
        switch (now()) {
            case '{':
                return open('}', node_kind::mapping, start, next);
            case '[':
                return open(']', node_kind::sequence, start, next);
            case '"':
                return read_string();
            default:
                return read_word(start);
        }
    }

    bool open(char end, node_kind kind, const mark& start, state& next) {
        ++at_;
        next = end == '}' ? state::key_or_end : state::value_or_end;
        open_ += end;
        return builder_.begin_container(kind, {}, since(start));
    }

    bool read_word(const mark& start) {
        if (ended()) return fail(start, "a value is missing at the end of the text");
        if (text_.substr(at_).starts_with("//") || text_.substr(at_).starts_with("/*") ||
            now() == '#') {
            return fail(start, "JSON has no comments", "remove it, or name the file .yaml");
        }
        if (now() == '\'')
            return fail(start, "JSON takes double quotes only", "write \" instead of '");
        const std::size_t from = at_;
        while (!ended() && std::string_view(",]}[{\":").find(now()) == std::string_view::npos &&
               !is_space(now()))
            ++at_;
        const auto word = text_.substr(from, at_ - from);
        if (word.empty()) return fail(start, "a value was expected here");
        const bool null = word == "null";
        if (!null && word != "true" && word != "false" && !is_number(word)) {
            return fail(start, "\"" + std::string(word.substr(0, 40)) + "\" is not a JSON value",
                        cure_of(word));
        }
        node n;
        n.kind = null ? node_kind::null : node_kind::scalar;
        n.scalar = word;
        n.at = since(start);
        return builder_.scalar(std::move(n), {});
    }

    static bool is_number(std::string_view s) {
        std::size_t i = 0;
        const auto digits = [&] {
            const std::size_t from = i;
            while (i < s.size() && is_digit(s[i])) ++i;
            return i > from;
        };
        if (i < s.size() && s[i] == '-') ++i;
        if (i + 1 < s.size() && s[i] == '0' && is_digit(s[i + 1])) return false;
        if (!digits()) return false;
        if (i < s.size() && s[i] == '.') {
            ++i;
            if (!digits()) return false;
        }
        if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
            ++i;
            if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
            if (!digits()) return false;
        }
        return i == s.size();
    }

    bool read_string() {
        const mark start = here();
        node n;
        n.kind = node_kind::scalar;
        n.quoted = true;
        ++at_;
        for (;;) {
            const auto stop = std::find_if(
                text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end(), [](char c) {
                    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
                });
            const auto end = static_cast<std::size_t>(stop - text_.begin());
            n.scalar.append(text_.substr(at_, end - at_));
            at_ = end;
            if (ended() || now() == '\n' || now() == '\r') {
                return fail(start, "the quote that opens here is never closed",
                            "close it on the same line");
            }
            if (now() == '"') break;
            if (now() != '\\')
                return fail(here(), "a text in JSON may not have a control character",
                            "write it as an escape");
            if (!read_escape(n.scalar)) return false;
        }
        ++at_;
        n.at = since(start);
        if (!valid_utf8(n.scalar)) {
            found_.error("WEIR0103", "the text is not UTF-8", n.at).help = "save the file as UTF-8";
            return false;
        }
        return builder_.scalar(std::move(n), {});
    }

    static bool valid_utf8(std::string_view s) {
        for (std::size_t i = 0; i < s.size();) {
            const auto lead = static_cast<unsigned char>(s[i]);
            const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
            if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + length > s.size()) return false;
            for (std::size_t k = 1; k < length; ++k) {
                if (!is_continuation(s[i + k])) return false;
            }
            i += length;
        }
        return true;
    }

    bool read_escape(std::string& out) {
        const mark start = here();
        ++at_;
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view values = "\"\\/\b\f\n\r\t";
        const auto simple = ended() ? std::string_view::npos : names.find(now());
        if (simple != std::string_view::npos) {
            out += values[simple];
            ++at_;
            return true;
        }
        std::uint32_t code = 0;
        if (now() != 'u' || !read_hex(code))
            return fail(start, "this escape is not known in JSON", "double the backslash");
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
            std::uint32_t low = 0;
            ++at_;
            if (!read_hex(low) || low < 0xDC00 || low > 0xDFFF)
                return fail(start, "half of a surrogate pair is missing");
            code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        }
        if (code >= 0xD800 && code < 0xE000)
            return fail(start, "half of a surrogate pair is missing");
        append_utf8(out, code);
        return true;
    }

    /// Four digits behind the `u` at the current place.
    bool read_hex(std::uint32_t& code) {
        ++at_;
        if (at_ + 4 > text_.size()) return false;
        code = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            const char c = text_[at_];
            const char lower = static_cast<char>(c | 0x20);
            if (is_digit(c)) {
                code = code * 16 + static_cast<std::uint32_t>(c - '0');
            } else if (lower >= 'a' && lower <= 'f') {
                code = code * 16 + static_cast<std::uint32_t>(lower - 'a') + 10;
            } else {
                return false;
            }
        }
        return true;
    }

    const text_window& window_;
    std::string_view text_;
    findings& found_;
    const document_sink& sink_;
    tree_builder builder_;
    std::string open_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;
    std::uint32_t line_ = 0;
    std::uint32_t column_ = 1;
};

}  // namespace

bool read_json(const text_window& window, findings& found, const document_sink& sink) {
    return json_reader(window, found, sink).run();
}

}  // namespace weir::config
