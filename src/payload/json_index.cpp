#include "payload/json_index.hpp"

#include <simdjson.h>

#include <array>
#include <bit>
#include <new>

#include "payload/json_text.hpp"

namespace weir::payload {
namespace {

// Beyond this much text the index memory (4 bytes per possible token) is not kept between
// documents.
constexpr std::size_t kept_text = std::size_t{8} << 20;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The first control byte inside a string; text.size() when there is none.
std::size_t first_control_in_string(std::string_view text) {
    bool inside = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            inside = !inside;
        } else if (inside && c == '\\') {
            ++i;
        } else if (inside && static_cast<unsigned char>(c) < 0x20) {
            return i;
        }
    }
    return text.size();
}

}  // namespace

struct json_index::tokenizer {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    std::size_t capacity = 0;
};

json_index::json_index() : tokenizer_(std::make_unique<tokenizer>()) {}
json_index::~json_index() = default;

void json_index::reserve(std::size_t bytes) {
    if (tokenizer_->parser && bytes <= tokenizer_->capacity) return;
    const std::size_t capacity = std::bit_ceil(bytes < 16384 ? std::size_t{16384} : bytes);
    const auto error =
        tokenizer_->parser
            ? tokenizer_->parser->set_capacity(capacity)
            : simdjson::get_active_implementation()->create_dom_parser_implementation(
                  capacity, 1, tokenizer_->parser);
    if (error) {
        tokenizer_->parser.reset();
        throw std::bad_alloc();
    }
    tokenizer_->capacity = capacity;
}

void json_index::trim() {
    if (tokenizer_->capacity <= kept_text && close_capacity_ <= kept_text / 4) return;
    tokenizer_->parser.reset();
    tokenizer_->capacity = 0;
    close_.reset();
    close_capacity_ = 0;
    positions_ = nullptr;
    count_ = 0;
}

std::optional<json_failure> json_index::load(std::string_view text) {
    text_ = text;
    count_ = 0;
    if (text.empty()) return json_failure{"unexpected end of JSON input", 0};
    if (text.size() > simdjson::SIMDJSON_MAXSIZE_BYTES) return json_failure{"too long", 0};
    reserve(text.size());
    const auto error =
        tokenizer_->parser->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                   simdjson::stage1_mode::regular);
    if (error) return locate(error);
    positions_ = tokenizer_->parser->structural_indexes.get();
    count_ = tokenizer_->parser->n_structural_indexes;
    return match();
}

std::optional<json_failure> json_index::locate(int error) const {
    std::size_t first = 0;
    while (first < text_.size() && is_space(text_[first])) ++first;
    if (first == text_.size()) return json_failure{"unexpected end of JSON input", first};
    if (error == simdjson::UTF8_ERROR) {
        return json_failure{"invalid UTF-8", first_invalid_utf8(text_)};
    }
    if (text_[first] != '{') return json_failure{"not a JSON object", first};
    if (error == simdjson::UNESCAPED_CHARS) {
        return json_failure{"control character in a string", first_control_in_string(text_)};
    }
    if (error == simdjson::UNCLOSED_STRING) {
        return json_failure{"unexpected end of JSON input", text_.size()};
    }
    return json_failure{"invalid JSON", text_.size()};
}

std::optional<json_failure> json_index::match() {
    if (kind(0) != '{') return json_failure{"not a JSON object", position(0)};
    if (close_capacity_ < count_) {
        close_capacity_ = std::bit_ceil(count_ < 1024 ? std::size_t{1024} : count_);
        close_.reset(new std::uint32_t[close_capacity_]);
    }
    std::array<std::uint32_t, max_depth> open;
    std::size_t depth = 0;
    for (std::uint32_t i = 0; i < count_; ++i) {
        const char c = kind(i);
        if (c == '{' || c == '[') {
            if (depth == max_depth) return json_failure{"nested deeper than 128", position(i)};
            open[depth++] = i;
        } else if (c == '}' || c == ']') {
            const auto opener = open[--depth];
            // In ASCII a closer is its opener plus two.
            if (c - kind(opener) != 2) {
                return json_failure{c == '}' ? "unexpected '}'" : "unexpected ']'", position(i)};
            }
            close_[opener] = i;
            if (depth == 0 && i + 1 != count_) {
                return json_failure{"bytes behind the JSON object", position(i + 1)};
            }
        }
    }
    if (depth != 0) return json_failure{"unexpected end of JSON input", text_.size()};
    return std::nullopt;
}

std::string_view json_index::raw(std::size_t token) const {
    const std::size_t begin = position(token);
    const char c = text_[begin];
    if (c == '{' || c == '[') return text_.substr(begin, position(close_[token]) + 1 - begin);
    // Scalars end before the next token: at least the root's closing brace follows.
    std::size_t end = position(token + 1);
    while (end > begin + 1 && is_space(text_[end - 1])) --end;
    return text_.substr(begin, end - begin);
}

}  // namespace weir::payload
