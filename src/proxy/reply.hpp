#pragma once

#include <string_view>

#include "flowcontrol/admission.hpp"
#include "http/exchange.hpp"
#include "payload/error_body.hpp"
#include "payload/request.hpp"
#include "proxy/failure.hpp"
#include "proxy/worker.hpp"
#include "weir/decision.hpp"

namespace weir::proxy {

/// What a local reply's shape depends on.
struct reply_facts {
    std::string_view path;
    std::string_view accept;
    std::string_view request_id;
    std::string_view endpoint;  ///< the one asked last, if one was
    api_kind api = api_kind::other;
    const answer_filters* filters = nullptr;  ///< of the chosen rule, if there is one
};

/// The value of `allow`: what is forwarded.
inline constexpr std::string_view allowed_methods = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

/// The body of a reply of weir's own, in the shape the client asked for.
payload::error_body body_of(const worker& w, const local_reply& reply, const reply_facts& facts);

/// Sends the reply with that body, and ends the exchange. Counts it. The exchange must not be
/// touched afterwards.
void send_reply(worker& w, http::exchange& ex, const local_reply& reply, const reply_facts& facts,
                const payload::error_body& body);

local_reply reply_for(const payload::refusal& why);
local_reply reply_for(const flowcontrol::rejection& why);
local_reply reply_for(const decision& failed);
local_reply reply_for(const http::head_error& why);
local_reply unsupported_encoding();
local_reply malformed(std::string_view what);
local_reply misdirected();

}  // namespace weir::proxy
