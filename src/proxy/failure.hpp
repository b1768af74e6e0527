#pragma once

#include <string>
#include <string_view>

#include "http/client.hpp"
#include "weir/hooks.hpp"

namespace weir::proxy {

/// One answer that weir makes itself. Its texts are those of the inference gateway's guide, which
/// docs/troubleshooting.md goes through.
struct local_reply {
    int status = 500;
    std::string text;                 ///< the message; the body as text, or inside the envelope
    std::string_view reason;          ///< x-weir-reason, and `code` of the envelope
    std::string_view dropped_reason;  ///< x-llm-d-request-dropped-reason; empty: absent
    std::string_view param;           ///< the envelope's `param`; empty: null
    int retry_after = 0;              ///< seconds; 0: no retry-after
    std::string detail;               ///< for the log alone; empty: the text
    end_cause cause = end_cause::error;
};

local_reply bad_request(std::string message, std::string_view reason, std::string_view param);
local_reply route_not_found(std::string nearest);
local_reply invalid_backend();
local_reply no_healthy_upstream();
local_reply upstream_timeout();
local_reply upstream_protocol_error();
/// After a part of the answer: said in a stream's last event, and in the log.
local_reply answer_broke_off(const http::call_failure& why);
/// The drain timeout ran out before there was an answer.
local_reply draining();

/// Nothing more can be tried: what the client is told of the last failure.
local_reply reply_for(const http::call_failure& why);

/// What to do after an attempt failed before any byte of an answer.
enum class next_step {
    give_up,
    next_endpoint,   ///< a connect failed: it cost nothing, try another endpoint
    replay_fresh,    ///< a reused connection had died: once more, same endpoint, fresh connection
    retry_by_route,  ///< the route's retry asks for another try
};

/// What has been tried so far for one request.
struct attempt_history {
    int connects_failed = 0;
    int dispatches = 0;  ///< attempts of which a byte was written
    int route_retries_left = 0;
    bool has_route_retry = false;
    bool more_endpoints = false;  ///< an endpoint that was not tried is left
};

/// At most 3 connects, at most 2 dispatches, never after a response byte (docs/wire.md, Endpoints).
next_step after_failure(const http::call_failure& why, const attempt_history& tried);

}  // namespace weir::proxy
