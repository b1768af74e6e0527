#include <algorithm>
#include <charconv>
#include <string>

#include "datalayer/health.hpp"
#include "gateway/filters.hpp"
#include "proxy/header_rules.hpp"
#include "proxy/reply.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

bool has_body_semantics(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

/// Takes the lines of that name out of a head.
void remove_field(std::string& head, std::string_view name) {
    const std::string start = "\r\n" + std::string(name) + ": ";
    for (auto at = head.find(start); at != std::string::npos; at = head.find(start, at)) {
        head.erase(at, head.find("\r\n", at + 2) - at);
    }
}

}  // namespace

/// Writes the upstream request's head; the pieces behind it are set.
void transaction::prepare_upstream() {
    const auto& head = ex_->head();
    const auto& rule = *match_.selected->config;
    const bool plain =
        match_.selected->plain && !backend_->filters.request_headers && !backend_->filters.rewrite;
    std::string target_text;
    std::string_view target = head.target;
    std::string new_host;
    http::field_list edited;
    const auto* fields = &head.fields;
    if (path_.data() != head.target.data() && !path_.empty() && head.target != "*") {
        target_text.assign(path_);
        if (has_query_) target_text.append("?").append(query_);
        target = target_text;
    }
    if (!plain) {
        for (const auto* set : {&rule.filters, &backend_->filters}) {
            if (set->request_headers) {
                edited = gateway::edit_headers(*set->request_headers, *fields);
                fields = &edited;
            }
            if (!set->rewrite) continue;
            if (set->rewrite->hostname) new_host = *set->rewrite->hostname;
            if (set->rewrite->path) {
                target_text = gateway::rewrite_path(*set->rewrite->path, *match_.match, path_);
                if (has_query_) target_text.append("?").append(query_);
                target = target_text;
            }
        }
    }
    const auto& peer = ex_->peer();
    const auto peer_ip = peer.ip();
    const auto authority =
        head.host.empty() ? view_->endpoints[endpoint_].authority() : std::string();
    forwarding_facts facts;
    facts.request_id = request_id_;
    facts.peer_ip = peer_ip;
    facts.proto = ex_->is_tls() ? "https" : "http";
    facts.host = head.host;
    facts.new_host = new_host;
    facts.authority = authority;
    facts.drop_accept_encoding = rewritten_;
    upstream_head_.clear();
    append_upstream_head(upstream_head_, head.method, target, *fields, facts);
    for (const auto& change : decision_.upstream_headers) {
        remove_field(upstream_head_, change.name);
        if (!change.remove) append_field(upstream_head_, change.name, change.value);
    }
    if (body_bytes_ != 0 || has_body_semantics(head.method)) {
        char number[24];
        const auto end = std::to_chars(number, number + sizeof number, body_bytes_).ptr;
        append_field(upstream_head_, "content-length",
                     {number, static_cast<std::size_t>(end - number)});
    }
    upstream_head_ += "\r\n";
    if (piece_count_ == 0) piece_count_ = 1;
    pieces_[0] = upstream_head_;
    const auto& settings = worker_.settings;
    const auto limit =
        rule.request_timeout.count() != 0 ? rule.request_timeout : settings.request_timeout;
    if (limit.count() != 0) request_deadline_ = received_ + limit;
    tried_.connects_failed = tried_.dispatches = 0;
}

void transaction::dispatch(std::uint32_t endpoint, bool fresh) {
    endpoint_ = endpoint;
    if (series_ != nullptr && !running_) {
        running_ = true;
        series_->running.add();
    }
    view_->states[endpoint]->picks.fetch_add(1, std::memory_order_relaxed);
    tried_.more_endpoints = fallback_next_ < fallback_count_;
    dispatched_ = worker_.loop.now();
    const auto& rule = *match_.selected->config;
    attempt_deadline_ =
        rule.backend_timeout.count() != 0 ? dispatched_ + rule.backend_timeout : time_point{};
    const auto first_byte = worker_.settings.first_byte_timeout;
    first_byte_deadline_ = first_byte.count() != 0 ? dispatched_ + first_byte : time_point{};
    arm_deadlines();
    const auto& state = *view_->states[endpoint];
    auto address = view_->addresses[endpoint];
    auto key = state.serial;
    if (decision_.port_override >= 0 && decided_) {
        address.set_port(static_cast<std::uint16_t>(decision_.port_override));
        key ^= static_cast<std::uint64_t>(decision_.port_override) << 40;
    }
    worker_.clients.start(call_, *this, key, address, ex_->head().method,
                          std::span(pieces_).first(piece_count_), fresh);
}

/// One timer for the nearest of the limits that are on; off in the default configuration.
void transaction::arm_deadlines() {
    time_point nearest{};
    for (const auto t : {request_deadline_, attempt_deadline_, first_byte_deadline_}) {
        if (t != time_point{} && (nearest == time_point{} || t < nearest)) nearest = t;
    }
    if (nearest == time_point{}) {
        deadline_.cancel();
    } else {
        deadline_.arm_at(nearest);
    }
}

void transaction::on_deadline(void* self) {
    auto& t = *static_cast<transaction*>(self);
    const auto now = t.worker_.loop.now();
    t.call_.cancel();
    t.retry_timer_.cancel();
    if (t.answer_begun_) return t.break_off("upstream request timeout");
    const bool attempt_only = t.attempt_deadline_ != time_point{} && now >= t.attempt_deadline_ &&
                              (t.request_deadline_ == time_point{} || now < t.request_deadline_);
    if (attempt_only && t.tried_.has_route_retry && t.tried_.route_retries_left > 0) {
        http::call_failure why;
        why.what = http::call_error::timeout;
        why.sent = true;
        return t.on_failure(why);
    }
    datalayer::note_broken_answer(*t.view_->states[t.endpoint_]);
    t.refuse(upstream_timeout());
}

void transaction::on_failure(const http::call_failure& why) {
    auto& state = *view_->states[endpoint_];
    state.failures.fetch_add(1, std::memory_order_relaxed);
    if (answer_begun_ || held_ != nullptr) {
        datalayer::note_broken_answer(state);
        return break_off("upstream connection broke off: " + why.detail);
    }
    const bool connect_failed = !why.sent && !why.reused && why.code != 0;
    if (connect_failed) {
        ++tried_.connects_failed;
        datalayer::note_connect_failure(state);
    } else if (why.sent) {
        ++tried_.dispatches;
        if (!why.reused) datalayer::note_broken_answer(state);
    }
    if (auto* r = worker_.ring.find(ring_sequence_); r != nullptr && decided_) {
        r->attempts.push_back({endpoint_, 0});
    }
    switch (after_failure(why, tried_)) {
        case next_step::next_endpoint:
            worker_.numbers.upstream_retries.add();
            return attempt_again(fallbacks_[fallback_next_++], false);
        case next_step::replay_fresh:
            worker_.numbers.upstream_replays.add();
            return attempt_again(endpoint_, true);
        case next_step::retry_by_route: {
            --tried_.route_retries_left;
            worker_.numbers.upstream_retries.add();
            const auto backoff = std::max<duration>(match_.selected->config->retry->backoff,
                                                    std::chrono::milliseconds(25));
            if (fallback_next_ < fallback_count_) {
                // Another endpoint where there is one; the failed one comes last again.
                std::swap(endpoint_, fallbacks_[fallback_next_]);
                fallback_next_ = (fallback_next_ + 1) % std::max<std::size_t>(fallback_count_, 1);
            }
            return retry_timer_.arm(backoff);
        }
        case next_step::give_up:
            return refuse(reply_for(why));
    }
}

void transaction::attempt_again(std::uint32_t endpoint, bool fresh) {
    // The ledger follows the request.
    const auto& state = view_->states[endpoint];
    if (charges_ != 0 && ledger_[0].state() != state) {
        ledger_[0] = datalayer::inflight_guard(state, decided_ ? decision_.input_tokens : 0);
    }
    dispatch(endpoint, fresh);
}

void transaction::on_retry_time(void* self) {
    auto& t = *static_cast<transaction*>(self);
    t.attempt_again(t.endpoint_, false);
}

}  // namespace weir::proxy
