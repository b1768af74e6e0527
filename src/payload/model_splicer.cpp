#include "payload/model_splicer.hpp"

#include <array>

#include "payload/json_text.hpp"

namespace weir::payload {
namespace {

// `response`, each letter written as \u0072.
constexpr std::size_t longest_key = 48;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void model_splicer::feed(std::string_view bytes, std::string_view quoted, std::string& out) {
    std::size_t from = 0;  // what has not been put out yet
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char c = bytes[i];
        if (place_ == place::unread) break;
        if (place_ == place::text || place_ == place::key || place_ == place::name) {
            const bool was_name = place_ == place::name;
            if (escaped_) {
                escaped_ = false;
            } else if (c == '\\') {
                escaped_ = true;
            } else if (c == '"') {
                if (place_ == place::key) end_key();
                place_ = place::structure;
            }
            if (place_ == place::key && key_.size() <= longest_key) key_ += c;
            if (was_name) from = i + 1;
            continue;
        }
        if (place_ == place::start) {
            if (is_space(c)) continue;
            place_ = c == '{' ? place::structure : place::unread;
            depth_ = 1;
            key_next_ = true;
            continue;
        }
        if (c != '"' || key_next_ || !watched() || member_ != member::model) {
            structure(c);
            continue;
        }
        out += bytes.substr(from, i - from);
        out += quoted;
        from = i + 1;
        place_ = place::name;
        member_ = member::other;
    }
    out += bytes.substr(from);
}

void model_splicer::structure(char c) {
    switch (c) {
        case '"':
            place_ = watched() && key_next_ ? place::key : place::text;
            key_.clear();
            break;
        case '{':
        case '[':
            // The value of `response` at the top; anything else that opens is skipped over.
            inner_ = inner_ || (c == '{' && depth_ == 1 && member_ == member::inner);
            key_next_ = c == '{';
            member_ = member::other;
            ++depth_;
            break;
        case '}':
        case ']':
            if (depth_ > 0) --depth_;
            if (depth_ <= 1) inner_ = false;
            key_next_ = false;
            break;
        case ',':
            key_next_ = watched();
            member_ = member::other;
            break;
        case ':':
            key_next_ = false;
            break;
        default:
            break;
    }
}

void model_splicer::end_key() {
    member_ = member::other;
    std::array<char, longest_key> text;
    if (key_.size() > text.size()) return;
    const auto read = unescape(key_, text.data());
    if (read.end == nullptr) return;
    const std::string_view key(text.data(), static_cast<std::size_t>(read.end - text.data()));
    if (key == "model") member_ = member::model;
    if (depth_ == 1 && (key == "response" || key == "message")) member_ = member::inner;
}

}  // namespace weir::payload
