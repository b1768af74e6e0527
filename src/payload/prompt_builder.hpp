#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payload/byte_buffer.hpp"
#include "payload/go_json.hpp"
#include "payload/json_reader.hpp"
#include "payload/media.hpp"
#include "payload/request.hpp"

namespace weir::payload {

/// The members of a request's top level that carry prompts: the token of the value, 0 when absent.
struct prompt_fields {
    std::size_t prompt = 0;
    std::size_t messages = 0;
    std::size_t input = 0;
    std::size_t items = 0;
    std::size_t token_ids = 0;
    std::size_t input_ids = 0;
    std::size_t text = 0;  ///< SGLang's; TGI's `inputs` and Triton's `text_input` count as the same
    std::size_t embeds =
        0;  ///< vLLM's `prompt_embeds`, SGLang's `input_embeds`: a prompt without text
    std::size_t tools = 0;
    std::size_t system = 0;
    std::size_t instructions = 0;
    std::size_t extra_key = 0;  ///< SGLang's
};

/// Makes the byte stream of each prompt, as the endpoint picker's estimate makes it (llm-d-router
/// head, token-producer). Keeps its memory between requests.
class prompt_builder {
  public:
    /// Makes the streams for `api`; returns why there are none. Malformed JSON on the way is in
    /// `reader.failure()`.
    std::optional<refusal> build(api_kind api, const prompt_fields& fields, json_reader& reader,
                                 const media_counts& counts);

    /// Appends the streams of the last build; their views end with the next use of `scratch()` or
    /// `reset()`.
    void finish(std::vector<prompt>& out) const;
    /// Images, clips and videos of the last build, in their order; valid until the next one.
    std::span<const media_item> media() const { return media_; }

    /// The memory behind the streams, for other text of the same request.
    byte_buffer& scratch() { return out_; }

    /// Forgets the last request; gives back memory beyond what ordinary requests need.
    void reset();

  private:
    struct piece {
        const char* data;  ///< in the document; null: at `offset` of `out_`
        std::size_t offset;
        std::size_t size;
    };
    enum class id_list { good, not_ids, malformed };
    struct bad_id {
        std::size_t token = 0;
        std::size_t at = 0;  ///< its place in the list
    };

    bool dispatch(api_kind api, const prompt_fields& fields);
    bool completions(const prompt_fields& fields);
    bool embeddings(const prompt_fields& fields);
    bool chat(const prompt_fields& fields);
    bool anthropic(const prompt_fields& fields);
    bool responses(const prompt_fields& fields);
    bool conversations(const prompt_fields& fields);
    bool images(const prompt_fields& fields);
    bool vllm_generate(const prompt_fields& fields);
    bool sglang_generate(const prompt_fields& fields);

    bool check_list(std::size_t token, std::string_view field);
    bool text_or_list(std::size_t token, std::string_view field);
    bool embedding_text(std::size_t token);
    bool check_strings(std::size_t token, std::string_view field);
    bool check_messages(std::size_t token);
    bool add_text(std::size_t token);
    id_list add_ids(std::size_t token);
    bool add_ids_or_lists(std::size_t token, std::string_view field);

    bool tools(std::size_t token);
    bool chat_message(std::size_t token);
    bool chat_block(std::size_t token);
    bool image_url(std::size_t token);
    bool video_url(std::size_t token);
    bool audio(std::size_t token);
    bool anthropic_system(std::size_t token);
    bool anthropic_message(std::size_t token);
    bool anthropic_block(std::size_t token);
    bool tool_result(std::size_t content);
    bool tool_result_images(std::size_t content);
    bool anthropic_image(std::size_t source, bool as_data_url);
    bool wrapped(std::string_view key, std::size_t token);

    template <class F>
    bool content(std::size_t token, F block);
    template <std::size_t N>
    bool find(std::size_t object, const std::string_view (&names)[N], std::size_t (&tokens)[N]);
    bool append_string(std::size_t token);
    std::optional<std::string_view> string_at(std::size_t token, byte_buffer& spare);
    std::optional<std::size_t> url_token(std::size_t token);
    void append_asset(std::string_view modality, std::uint64_t hash, std::size_t count);
    bool is_word(std::size_t token, std::string_view word);
    bool present(std::size_t token) { return token != 0 && !reader_->is_null(token); }
    void close_piece(std::size_t offset) {
        pieces_.push_back({nullptr, offset, out_.size() - offset});
    }

    bool problem(std::string message, std::string_view field);
    bool missing();
    std::string message_place() const { return "messages[" + std::to_string(message_) + "]"; }

    json_reader* reader_ = nullptr;
    byte_buffer out_;
    byte_buffer spare_;
    byte_buffer other_spare_;
    go_json go_json_;
    std::vector<piece> pieces_;
    std::vector<media_item> media_;
    const media_counts* counts_ = nullptr;  ///< while building
    std::optional<refusal> problem_;
    bad_id bad_id_;                      ///< the one that ended `add_ids`
    std::size_t message_ = 0;            ///< index of the message being read
    std::size_t placeholders_left_ = 0;  ///< what assets may still add, in tokens
};

}  // namespace weir::payload
