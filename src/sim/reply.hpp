#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "sim/api_request.hpp"
#include "sim/options.hpp"

namespace weir::sim {

/// What a reply carries beside its text.
struct reply_facts {
    api kind = api::chat;
    personality engine = personality::vllm;
    std::string id;  ///< with its prefix (`chatcmpl-…`)
    std::string model;
    std::int64_t created = 0;  ///< Unix seconds
    bool include_usage = false;
    bool continuous_usage = false;
    std::optional<std::size_t> logprobs;  ///< alternatives a token; nothing: null is written
    std::string tool;                     ///< the function a chat calls instead of talking
};

struct token_usage {
    std::size_t prompt = 0;
    std::size_t completion = 0;
    std::size_t cached = 0;
};

struct reply_choice {
    std::string text;
    std::string_view finish_reason;  ///< `stop` or `length`; empty: not at its end
    std::string_view stop{};         ///< the stop string that ended it; empty: none
};

/// Seconds a request spent in the engine, for the reply shapes that tell.
struct reply_timings {
    double queue = 0;
    double prefill = 0;
    double decode = 0;
};

/// Prefix and name of the answer's id: `X-Request-Id` where the engine honours it, else `fallback`.
std::string make_reply_id(api kind, personality engine, std::string_view request_id,
                          std::uint64_t fallback);

/// Writes one answer, whole or as server-sent events, in the shape of its API. What does not change
/// from event to event is put together once, so that an event costs a few copies. Text must need no
/// JSON escaping.
class reply {
  public:
    explicit reply(reply_facts facts);

    /// Opens a stream of `choices` choices.
    void begin(std::string& out, std::size_t choices, const token_usage& usage);
    /// The next piece of one choice.
    void text(std::string& out, std::size_t choice, std::string_view piece,
              const token_usage& usage);
    /// The prompt as the first piece of a completion that repeats it; any text.
    void echo(std::string& out, std::size_t choice, std::string_view prompt,
              const token_usage& usage);
    /// One choice is complete; `all` is its whole text.
    void end_choice(std::string& out, std::size_t choice, const reply_choice& all,
                    const token_usage& usage, const reply_timings& timings);
    void end(std::string& out, const token_usage& usage);
    /// The answer to a request that did not ask for a stream.
    std::string whole(std::span<const reply_choice> choices, const token_usage& usage,
                      const reply_timings& timings) const;

    const reply_facts& facts() const { return facts_; }

  private:
    void prepare_openai();
    void append_logprobs(std::string& out, std::string_view text, std::size_t offset) const;
    void append_finish(std::string& out, const reply_choice& all) const;
    std::string tool_start(std::size_t choice) const;
    void prepare_events();
    void openai_piece(std::string& out, std::size_t choice, std::string_view written,
                      std::string_view text, const token_usage& usage);
    void openai_end_choice(std::string& out, std::size_t choice, const reply_choice& all,
                           const token_usage& usage, const reply_timings& timings) const;
    std::string openai_whole(std::span<const reply_choice> choices, const token_usage& usage,
                             const reply_timings& timings) const;
    void responses_begin(std::string& out);
    void responses_end_choice(std::string& out, const reply_choice& all);
    void responses_end(std::string& out, const token_usage& usage);
    std::string responses_object(std::string_view status, std::string_view text,
                                 const token_usage* usage) const;
    void messages_begin(std::string& out, const token_usage& usage) const;
    void messages_end_choice(std::string& out, const reply_choice& all,
                             const token_usage& usage) const;
    std::string generate_body(const reply_choice& choice, std::size_t index,
                              const token_usage& usage) const;
    /// Why an Anthropic message ended.
    static void write_stop(json_writer& w, const reply_choice& all);
    static void event(std::string& out, std::string_view name, std::string_view data);

    reply_facts facts_;
    std::string head_;    ///< of a text event, up to the choice's index
    std::string middle_;  ///< from the index to the text
    std::string tail_;    ///< behind the text
    std::string close_;   ///< ends the text of the last chunk, which has a finish reason
    std::string model_json_;
    std::string final_text_;
    std::uint64_t sequence_ = 0;  ///< of the responses API
    /// Of the next token of each choice, with log probabilities.
    std::vector<std::size_t> offsets_;
};

}  // namespace weir::sim
