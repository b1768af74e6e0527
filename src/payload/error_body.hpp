#pragma once

#include <string>
#include <string_view>

#include "weir/request.hpp"

namespace weir::payload {

/// `--error-format`.
enum class error_format { automatic, text, json };

/// A refusal, and what its body depends on. Views live as long as the call.
struct error_facts {
    int status = 500;
    std::string_view message;  ///< the full text, prefix included; for 404 what the envelope says
    std::string_view reason;   ///< the word of `x-weir-reason`; the envelope's `code`
    std::string_view param;    ///< the field to name; empty: null
    api_kind api = api_kind::other;
    std::string_view path;    ///< of the request; `/v1/messages…` speaks Anthropic
    std::string_view accept;  ///< the client's Accept fields, comma-joined
    std::string_view request_id;
    error_format format = error_format::automatic;
};

/// Body and content type of a refusal. An empty body (404 as text) has no content type.
struct error_body {
    std::string body;
    std::string_view content_type;
};

/// The body in the shape the client asked for: the text itself, or the envelope of its API (OpenAI,
/// Anthropic).
error_body make_error_body(const error_facts& facts);

/// The event that ends a stream that broke after its head went out, always as an envelope.
std::string make_error_event(const error_facts& facts);

/// Whether `accept` asks for JSON: names application/json (not by a range, not with q=0) and not
/// text/plain.
bool accepts_json(std::string_view accept);

}  // namespace weir::payload
