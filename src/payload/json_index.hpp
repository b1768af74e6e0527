#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace weir::payload {

/// Why a text is not the JSON weir needs, and the byte where that shows.
struct json_failure {
    std::string_view what;  ///< static text
    std::size_t at = 0;
};

/// The tokens of one JSON object: where every brace, bracket, colon, comma, string and scalar
/// starts, and which token closes a container. simdjson finds the tokens (UTF-8 and strings are
/// validated there, at its run-time dispatched speed); nesting is checked here. Values are only
/// read when somebody asks.
///
/// simdjson's on-demand front end is not used: it skips values without checking that brackets match
/// or how deep they go, and its string code is chosen at compile time.
class json_index {
  public:
    static constexpr std::size_t max_depth = 128;

    json_index();
    ~json_index();
    json_index(const json_index&) = delete;
    json_index& operator=(const json_index&) = delete;

    /// Indexes `text`, which must outlive the use of the index. Fails unless the text is one object
    /// (whitespace around it allowed), valid UTF-8, balanced, and at most `max_depth` deep. Reuses
    /// its memory.
    std::optional<json_failure> load(std::string_view text);

    /// Gives back memory beyond what ordinary bodies need; the index is empty afterwards.
    void trim();

    /// Number of tokens; token 0 is the opening brace, the last one its closing brace.
    std::size_t size() const { return count_; }
    std::size_t position(std::size_t token) const { return positions_[token]; }
    char kind(std::size_t token) const { return text_[positions_[token]]; }

    /// The token that closes the container opened by `token`.
    std::size_t close(std::size_t token) const { return close_[token]; }

    /// The token behind the value that starts at `token`.
    std::size_t next(std::size_t token) const {
        const char c = kind(token);
        return (c == '{' || c == '[' ? close_[token] : token) + 1;
    }

    /// The bytes of the value that starts at `token`, without space around it.
    std::string_view raw(std::size_t token) const;

    std::string_view text() const { return text_; }

  private:
    struct tokenizer;

    std::optional<json_failure> locate(int error) const;
    std::optional<json_failure> match();
    void reserve(std::size_t bytes);

    std::unique_ptr<tokenizer> tokenizer_;
    std::unique_ptr<std::uint32_t[]> close_;
    std::size_t close_capacity_ = 0;
    std::string_view text_;
    const std::uint32_t* positions_ = nullptr;
    std::size_t count_ = 0;
};

}  // namespace weir::payload
