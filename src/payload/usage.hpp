#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "payload/json_index.hpp"
#include "payload/sse.hpp"

namespace weir::payload {

/// What a model server says it counted. Values that are negative, beyond 2^53 or no numbers count
/// 0.
struct token_usage {
    bool present = false;  ///< a usage object was there
    std::int64_t prompt = 0;
    std::int64_t completion = 0;
    std::int64_t total = 0;  ///< the server's when it gave all three, else prompt + completion
    std::int64_t cached = 0;
    bool has_cached = false;  ///< the server says how many were cached, even when none was
};

/// How the bytes of a response body are framed.
enum class answer_kind { json, sse };

/// The member of an answer that holds its counts; SGLang's own API calls it `meta_info`.
enum class count_member : std::uint8_t { usage, meta_info };

/// Reads token usage beside the relay: OpenAI completions, chat and responses, Anthropic messages,
/// SGLang's generate.
/// Feed it every byte in order; it never holds the bytes up, and keeps at most `window` of them: a
/// document or an event beyond that is not read as a whole but searched for usage objects. A slow
/// client makes what is kept wait, beside what it has not taken. One thread.
class usage_reader {
  public:
    static constexpr std::size_t window = std::size_t{8} << 10;

    /// `scratch` is one a thread, shared by all readers of it. `memory` is what an earlier reader
    /// gave back.
    usage_reader(answer_kind kind, json_index& scratch, std::string memory = {},
                 count_member member = count_member::usage)
        : kind_(kind), member_(member), held_(std::move(memory)), scratch_(scratch) {
        held_.clear();
    }

    void feed(std::string_view bytes);

    /// The body has ended.
    void finish();

    /// The text it held, for its memory. It reads no more.
    std::string take_memory() { return std::move(held_); }

    const token_usage& usage() const { return usage_; }

    /// The stream's bytes end where an event ends.
    bool at_boundary() const { return boundary_.at_boundary(); }

    /// Events and documents that were longer than the window.
    std::size_t searched() const { return searched_; }

  private:
    std::string_view key() const {
        return member_ == count_member::usage ? "\"usage\"" : "\"meta_info\"";
    }
    void feed_stream(std::string_view bytes);
    bool finish_held(std::string_view& bytes);
    void events(std::string_view text);
    void event(std::string_view text);
    void keep(std::string_view text);
    void search(std::string_view text);
    void end_search();
    void document(std::string_view text);
    void usage_object(std::string_view text);
    bool last_member(std::string_view text, std::size_t object);

    answer_kind kind_;
    count_member member_;
    bool searching_ = false;  ///< the event or document has outgrown the window
    bool found_ = false;      ///< while searching: `held_` begins with a usage key
    sse_boundary boundary_;
    std::size_t searched_ = 0;
    std::string held_;
    token_usage usage_;
    json_index& scratch_;
};

}  // namespace weir::payload
