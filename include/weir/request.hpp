#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

/// The API a request path belongs to; `other` passes without model and prompt checks.
enum class api_kind : std::uint8_t {
    other,
    completions,
    chat_completions,
    embeddings,
    responses,
    conversations,
    images,
    messages,         ///< Anthropic
    count_tokens,     ///< Anthropic
    vllm_generate,    ///< /inference/v1/generate
    sglang_generate,  ///< /generate
};

/// One header field of the client's request; the name is lower-cased.
struct header_field {
    std::string_view name;
    std::string_view value;
};

/// The text of one prompt as pseudo-tokens of four bytes (token-id prompts: their ids,
/// little-endian). A list of prompts has one entry each.
struct prompt {
    std::string_view bytes;

    /// Pseudo-tokens; the last one may be short.
    std::size_t tokens() const { return (bytes.size() + 3) / 4; }
};

/// An image, sound or video in a prompt.
struct media_item {
    std::uint64_t hash = 0;     ///< of its content or URL
    std::size_t tokens = 0;     ///< estimate
    std::size_t prompt = 0;     ///< the prompt it belongs to
    std::string_view modality;  ///< `image`, `audio` or `video`
};

/// What the scheduling plugins see of a request. Every view lives as long as the call it is passed
/// to.
struct inference_request {
    std::string_view request_id;
    std::string_view model;         ///< as the client named it; may be empty
    std::string_view target_model;  ///< after rewrite; what the model server will see
    std::string_view objective;     ///< InferenceObjective name; empty when the client named none
    std::string_view fairness_id = "default-flow";
    int priority = 0;  ///< negative is sheddable
    api_kind api = api_kind::other;
    bool stream = false;
    std::int64_t max_output_tokens = -1;  ///< -1 when the client set no limit
    std::size_t body_bytes = 0;
    std::string_view cache_salt;
    std::span<const prompt> prompts;
    std::span<const header_field> headers;
    std::span<const media_item> media;

    /// The last field of that (lower-case) name, as the reference reads one that is repeated; an
    /// empty view when there is none.
    std::string_view header(std::string_view name) const {
        for (auto f = headers.rbegin(); f != headers.rend(); ++f) {
            if (f->name == name) return f->value;
        }
        return {};
    }

    /// Pseudo-tokens over all prompts; 0 when the API carries no text.
    std::size_t input_tokens() const {
        std::size_t n = 0;
        for (const auto& p : prompts) n += p.tokens();
        return n;
    }
};

}  // namespace weir
