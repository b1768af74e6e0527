#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "payload/byte_buffer.hpp"
#include "payload/json_index.hpp"
#include "payload/json_text.hpp"

namespace weir::payload {

/// Walks the values of a `json_index` and checks what it reads. The first error is kept in
/// `failure()`; functions return false from then on.
class json_reader {
  public:
    explicit json_reader(const json_index& index) : index_(index) {}

    const json_index& index() const { return index_; }
    const std::optional<json_failure>& failure() const { return failure_; }
    void clear() { failure_.reset(); }

    bool fail(std::string_view what, std::size_t at) {
        if (!failure_) failure_ = json_failure{what, at};
        return false;
    }

    /// Calls `f(value token)` for each element of the array at `open`, until it returns false.
    template <class F>
    bool each_element(std::size_t open, F f) {
        const std::size_t close = index_.close(open);
        std::size_t token = open + 1;
        if (token == close) return true;
        while (true) {
            if (!starts_value(token)) return unexpected(token);
            if (!f(token)) return false;
            token = index_.next(token);
            if (token == close) return true;
            if (index_.kind(token) != ',') return unexpected(token);
            ++token;
        }
    }

    /// Calls `f(key, value token)` for each member of the object at `open`, until it returns false.
    /// The key is unescaped; it lives until the next member of any object is read. A key with
    /// escapes that is longer than any key weir looks for arrives empty.
    template <class F>
    bool each_member(std::size_t open, F f) {
        const std::size_t close = index_.close(open);
        std::size_t token = open + 1;
        if (token == close) return true;
        while (true) {
            if (index_.kind(token) != '"' || index_.kind(token + 1) != ':' ||
                !starts_value(token + 2)) {
                return bad_member(token);
            }
            const auto name = key(token);
            if (failure_) return false;
            if (!f(name, token + 2)) return false;
            token = index_.next(token + 2);
            if (token == close) return true;
            if (index_.kind(token) != ',') return unexpected(token);
            ++token;
        }
    }

    bool is_null(std::size_t token) { return index_.kind(token) == 'n' && literal(token, "null"); }
    bool is_true(std::size_t token) { return index_.kind(token) == 't' && literal(token, "true"); }
    bool is_string(std::size_t token) const { return index_.kind(token) == '"'; }
    bool is_array(std::size_t token) const { return index_.kind(token) == '['; }
    bool is_object(std::size_t token) const { return index_.kind(token) == '{'; }
    bool is_number(std::size_t token) const {
        const char c = index_.kind(token);
        return c == '-' || (c >= '0' && c <= '9');
    }

    /// Whether the value is well-formed as far as its own token goes: a known literal, a number of
    /// the grammar.
    bool check(std::size_t token);

    /// A whole number; fractions and exponents count when their value is whole. Too large
    /// saturates. Nothing for other values; a malformed number fails.
    std::optional<std::int64_t> whole(std::size_t token);

    /// The inside of the string, escapes as written.
    std::string_view inside(std::size_t token) const {
        // Only space stands between the closing quote and the next token.
        const auto begin = index_.position(token) + 1;
        auto end = index_.position(token + 1) - 1;
        while (index_.text()[end] != '"') --end;
        return index_.text().substr(begin, end - begin);
    }

    /// Appends the string's text. Lone surrogates become U+FFFD.
    bool append_text(std::size_t token, byte_buffer& out);

    /// The string's text: a view into the document, or into `spare` (behind what is there, not
    /// committed) when there are escapes; then it ends with the next use of `spare`. Nothing on a
    /// bad escape.
    std::optional<std::string_view> text(std::size_t token, byte_buffer& spare);

    /// Refuses lone surrogates too: for names, which must survive a round trip.
    std::optional<std::string_view> exact_text(std::size_t token, byte_buffer& spare);

    bool unexpected(std::size_t token);

  private:
    bool starts_value(std::size_t token) const {
        const char c = index_.kind(token);
        return c != ',' && c != ':' && c != '}' && c != ']';
    }
    bool bad_member(std::size_t token);
    bool literal(std::size_t token, std::string_view word);
    std::string_view key(std::size_t token);

    const json_index& index_;
    std::optional<json_failure> failure_;
    std::array<char, 256> key_;
};

}  // namespace weir::payload
