#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/json_reader.hpp"

namespace weir::sim {

/// What a POST asks for; decided by its path.
enum class api : std::uint8_t {
    none,
    completions,
    chat,
    responses,
    messages,  ///< Anthropic
    embeddings,
    tokenize,
    count_tokens,  ///< Anthropic
    generate,      ///< SGLang's and TGI's native call
};

/// The API of a path (query cut off), `none` for everything else.
api api_of(std::string_view path);

/// A request that the server refuses, before its personality dresses it.
struct api_error {
    int status = 400;
    std::string_view type;  ///< as vLLM names it, e.g. `BadRequestError`
    std::string message;
    std::string_view param;  ///< empty: null
    /// The prompt that was too long and the limit it broke; 0: it is about something else.
    std::size_t prompt_tokens = 0;
    std::size_t token_limit = 0;
};

/// One parsed inference request.
struct api_request {
    api kind = api::none;
    std::string model;                 ///< empty: the client named none
    std::vector<std::string> prompts;  ///< rendered; one for each entry of a list of prompts
    std::size_t n = 1;                 ///< choices per prompt
    std::optional<std::size_t> max_tokens;
    bool stream = false;
    bool include_usage = false;
    bool continuous_usage = false;
    std::vector<std::string> stops;       ///< the answer ends before the first of these
    bool echo = false;                    ///< completions: the prompt comes first in the text
    std::optional<std::size_t> logprobs;  ///< how many alternatives a token; nothing: none wanted
    std::string forced_tool;              ///< the function that `tool_choice` makes the model call
    bool base64 = false;                  ///< `encoding_format` of embeddings
    std::size_t dimensions = 16;
    int priority = 0;
    std::string cache_salt;
    std::string request_id;  ///< body field of that name

    std::size_t prompt_tokens() const;
};

/// Reads a body. Nothing when it is refused; then `error` says why.
std::optional<api_request> read_api_request(api kind, std::string_view body,
                                            json_document& document, api_error& error);

}  // namespace weir::sim
