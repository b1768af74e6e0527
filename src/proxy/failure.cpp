#include "proxy/failure.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::proxy {
namespace {

constexpr std::string_view connect_error =
    "upstream connect error or disconnect/reset before headers. reset reason: ";
constexpr int max_connects = 3;
constexpr int max_dispatches = 2;
constexpr int retry_after_seconds = 1;

local_reply make(int status, std::string text, std::string_view reason) {
    local_reply r;
    r.status = status;
    r.text = std::move(text);
    r.reason = reason;
    if (status == 503 || status == 429) r.retry_after = retry_after_seconds;
    return r;
}

}  // namespace

local_reply bad_request(std::string message, std::string_view reason, std::string_view param) {
    auto r = make(400, "inference gateway: BadRequest - " + std::move(message), reason);
    r.param = param;
    return r;
}

local_reply route_not_found(std::string nearest) {
    return make(404, std::move(nearest), "route-not-found");
}

local_reply invalid_backend() { return make(500, "fault filter abort", "invalid-backend"); }

local_reply no_healthy_upstream() {
    auto r = make(503, "no healthy upstream", "no-endpoints");
    r.dropped_reason = "rejected-no-endpoints";
    return r;
}

local_reply upstream_timeout() { return make(504, "upstream request timeout", "upstream-timeout"); }

local_reply upstream_protocol_error() {
    return make(502, std::string(connect_error) + "protocol error", "bad-upstream");
}

local_reply answer_broke_off(const http::call_failure& why) {
    return make(502, "upstream connection broke off: " + why.detail, "upstream-reset");
}

local_reply draining() { return make(503, "the gateway is shutting down", "draining"); }

local_reply reply_for(const http::call_failure& why) {
    const auto text = [](std::string_view rest) { return std::string(connect_error).append(rest); };
    switch (why.what) {
        case http::call_error::connect_refused:
        case http::call_error::connect_failed: {
            const int code = why.code != 0 ? why.code : ECONNREFUSED;
            return make(
                503,
                text("remote connection failure, transport failure reason: delayed connect error: ")
                    .append(std::strerror(code)),
                "connect-failed");
        }
        case http::call_error::connect_local:
            return make(
                503,
                text(
                    "local connection failure, transport failure reason: immediate connect error: ")
                    .append(std::strerror(why.code)),
                "connect-failed");
        case http::call_error::connect_timeout:
            return make(503, text("connection timeout"), "connect-failed");
        case http::call_error::closed:
            return make(503, text("connection termination"), "upstream-reset");
        case http::call_error::reset:
            return make(503, text("remote reset"), "upstream-reset");
        case http::call_error::protocol: {
            auto reply = upstream_protocol_error();
            reply.detail = reply.text + ": " + why.detail;
            return reply;
        }
        case http::call_error::timeout:
            return upstream_timeout();
    }
    return upstream_protocol_error();
}

next_step after_failure(const http::call_failure& why, const attempt_history& tried) {
    if (why.received) return next_step::give_up;
    const bool may_retry = tried.has_route_retry && tried.route_retries_left > 0;
    if (!why.sent) {
        // Nothing was dispatched. A pooled connection that died before the write is no connect
        // failure.
        if (why.reused) return next_step::replay_fresh;
        if (tried.connects_failed < max_connects && tried.more_endpoints)
            return next_step::next_endpoint;
        return may_retry ? next_step::retry_by_route : next_step::give_up;
    }
    if (why.what == http::call_error::protocol) return next_step::give_up;
    if (why.reused && why.what != http::call_error::timeout && tried.dispatches < max_dispatches) {
        return next_step::replay_fresh;
    }
    return may_retry ? next_step::retry_by_route : next_step::give_up;
}

}  // namespace weir::proxy
