#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payload/media.hpp"
#include "weir/request.hpp"

namespace weir::payload {

/// The APIs that the requests of a pool are read as; by default all of them.
struct api_claims {
    std::uint32_t apis = ~std::uint32_t{0};  ///< a bit each, by `api_kind`
    bool others_pass = true;                 ///< what is of none is forwarded unread

    bool all() const { return others_pass && apis == ~std::uint32_t{0}; }
    bool has(api_kind api) const { return (apis >> static_cast<unsigned>(api) & 1U) != 0; }
};

/// The API that a request path belongs to: the longest claimed suffix wins, with no regard for
/// segments (llm-d-router head, parsers.go); the query is cut off, one trailing slash ignored.
api_kind classify(std::string_view path, const api_claims& claims = {});

/// Whether requests of that API name a model. SGLang's own API does not, and of an unknown one weir
/// asks for nothing.
bool needs_model(api_kind api);

/// A body that weir refuses.
struct refusal {
    int status = 400;
    std::string message;      ///< the text behind `inference gateway: BadRequest - `
    std::string_view reason;  ///< bad-body, model-not-found, prompt-not-found or bad-request
    std::string_view param;   ///< the field to name in the envelope; empty: null
};

refusal model_not_found();
/// Of a path that no parser claims where others do not pass.
refusal no_parser(std::string_view path);

/// What one scan of a body found. Views point into the body or the scanner and live until its next
/// scan.
struct request_facts {
    bool has_model = false;        ///< a string `model` is there, the empty one included
    std::string_view model;        ///< unescaped
    std::size_t model_begin = 0;   ///< the raw value of `model`, whatever its type, for splicing;
    std::size_t model_end = 0;     ///< begin equals end when there is no such member
    std::size_t object_begin = 0;  ///< behind the opening brace, where a missing model is put in
    bool object_empty = false;     ///< no member follows: no comma when putting one in
    bool stream = false;
    std::int64_t max_output_tokens = -1;  ///< -1 when the client set no usable limit
    std::string_view cache_salt;
    std::vector<prompt> prompts;
    std::span<const media_item> media;  ///< images, clips and videos in the prompts
    /// Without a `model`: an API that needs one has none, which a rewrite can mend. With one: a
    /// name that must not be passed on.
    std::optional<refusal> model_problem;
    std::optional<refusal> prompt_problem;  ///< missing or of a wrong type for this API
};

/// Scans request bodies; one a thread. Keeps its buffers, so a warm scan allocates nothing.
class request_scanner {
  public:
    request_scanner();
    ~request_scanner();
    request_scanner(const request_scanner&) = delete;
    request_scanner& operator=(const request_scanner&) = delete;

    /// One pass over `body`, which must have 64 readable bytes behind it. Fills `out`; a body that
    /// is not a JSON object (or is malformed where weir reads) is returned as the refusal it gets.
    /// Model and prompt are judged in `out`, since a rewrite may supply the one and the order of
    /// checks is the director's. A body of an unknown API is never refused; if it is no JSON
    /// object, `out` is empty.
    /// `counts`: what pictures and videos stand for in a prompt.
    std::optional<refusal> scan(api_kind api, std::span<const char> body, request_facts& out,
                                const media_counts& counts = {});

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// The body with the model name replaced (or put in): the pieces to send, in order. `quoted`
/// receives the JSON string and must live as long as the pieces.
struct spliced_body {
    std::string_view before;
    std::string_view middle;
    std::string_view after;
    std::size_t size() const { return before.size() + middle.size() + after.size(); }
};
spliced_body splice_model(std::string_view body, const request_facts& facts, std::string_view model,
                          std::string& quoted);

}  // namespace weir::payload
