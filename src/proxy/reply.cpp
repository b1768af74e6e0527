#include "proxy/reply.hpp"

#include <string>

namespace weir::proxy {
namespace {

std::string_view code_word(int status) {
    switch (status) {
        case 412:
            return "PreconditionFailed";
        case 429:
            return "InferencePoolResourceExhausted";
        case 503:
            return "ServiceUnavailable";
        default:
            return "Internal";
    }
}

std::string_view reason_word(decision_error e) {
    switch (e) {
        case decision_error::filters_empty:
        case decision_error::no_target:
            return "filters-empty";
        case decision_error::screened_out:
            return "no-endpoints";
        case decision_error::not_admitted:
            return "saturated";
        case decision_error::precondition_failed:
            return "bad-request";
        case decision_error::none:
        case decision_error::internal:
            return "invalid-backend";
    }
    return "invalid-backend";
}

}  // namespace

payload::error_body body_of(const worker& w, const local_reply& reply, const reply_facts& facts) {
    payload::error_facts f;
    f.status = reply.status;
    f.message = reply.text;
    f.reason = reply.reason;
    f.param = reply.param;
    f.api = facts.api;
    f.path = facts.path;
    f.accept = facts.accept;
    f.request_id = facts.request_id;
    f.format = w.settings.errors;
    return payload::make_error_body(f);
}

void send_reply(worker& w, http::exchange& ex, const local_reply& reply, const reply_facts& facts,
                const payload::error_body& body) {
    std::vector<http::field> fields;
    if (!body.content_type.empty()) fields.push_back({"content-type", body.content_type});
    fields.push_back({"x-weir-reason", reply.reason});
    if (!reply.dropped_reason.empty()) {
        fields.push_back({"x-llm-d-request-dropped-reason", reply.dropped_reason});
    }
    std::string retry_after;
    if (reply.retry_after != 0) {
        retry_after = std::to_string(reply.retry_after);
        fields.push_back({"retry-after", retry_after});
    }
    if (!facts.request_id.empty()) fields.push_back({"x-request-id", facts.request_id});
    if (w.settings.expose_routing) {
        if (!facts.endpoint.empty()) fields.push_back({"x-weir-endpoint", facts.endpoint});
        if (!facts.request_id.empty()) fields.push_back({"x-weir-request", facts.request_id});
    }
    if (reply.status == 405) fields.push_back({"allow", allowed_methods});
    if (facts.filters != nullptr) apply_answer_filters(*facts.filters, fields);
    w.numbers.count_answer(reply.status, reply.reason);
    ex.answer(reply.status, fields, body.body);
}

local_reply reply_for(const payload::refusal& why) {
    auto r = bad_request(why.message, why.reason, why.param);
    r.status = why.status;
    return r;
}

local_reply reply_for(const flowcontrol::rejection& why) {
    local_reply r;
    r.status = why.status;
    r.text.assign(why.text);
    r.reason = why.reason;
    r.dropped_reason = why.dropped_reason;
    r.retry_after = why.retry_after_seconds;
    return r;
}

local_reply reply_for(const decision& failed) {
    local_reply r;
    r.status = status_of(failed.error);
    r.text =
        std::string("inference gateway: ").append(code_word(r.status)) + " - " + failed.message;
    r.reason = reason_word(failed.error);
    r.dropped_reason = dropped_reason(failed.error);
    if (r.status == 429 || r.status == 503) r.retry_after = 1;
    return r;
}

local_reply reply_for(const http::head_error& why) {
    local_reply r;
    r.status = why.status;
    r.text = why.message;
    r.reason = why.reason;
    if (r.status == 503) r.retry_after = 1;
    return r;
}

local_reply unsupported_encoding() {
    local_reply r;
    r.status = 415;
    r.text = "request bodies must not be compressed: weir has to read the model and the prompt";
    r.reason = "unsupported-encoding";
    return r;
}

local_reply malformed(std::string_view what) {
    local_reply r;
    r.status = 400;
    r.text = std::string("malformed request: ").append(what);
    r.reason = "bad-request";
    return r;
}

local_reply misdirected() {
    local_reply r;
    r.status = 421;
    r.text = "misdirected request: the host belongs to another listener than the TLS server name";
    r.reason = "bad-request";
    return r;
}

}  // namespace weir::proxy
