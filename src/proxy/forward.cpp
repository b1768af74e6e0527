#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "datalayer/health.hpp"
#include "gateway/filters.hpp"
#include "proxy/header_rules.hpp"
#include "proxy/reply.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

/// A retry at once would often meet what made the first try fail; Envoy's base interval.
constexpr std::chrono::milliseconds least_retry_backoff{25};

/// Bodies up to this size are copied behind their head: one plain send is cheaper than a gathered
/// one by more than the copy costs.
constexpr std::size_t max_gathered_body = 4096;

bool has_body_semantics(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

/// A `set` of Host is a rewrite of the hostname.
std::string host_set_by(const config::header_edit& edit, const std::string& otherwise) {
    for (const auto& [name, value] : edit.set) {
        if (iequals(name, "host")) return value;
    }
    return otherwise;
}

}  // namespace

/// The clock of `timeouts.request` starts when the request has been received: a slow upload is the
/// client's own time.
void transaction::start_request_clock() {
    const auto limit =
        match_.selected->config->request_timeout.value_or(worker_.settings.request_timeout);
    if (limit.count() == 0) return;
    limits_.request = worker_.loop.now() + limit;
    arm_deadlines();
}

/// What URLRewrite makes of the path: the rule's, or the backendRef's in its place. Nothing where
/// neither has one.
std::optional<std::string> transaction::rewritten_path() const {
    for (const auto* set : {&backend_->filters, &match_.selected->config->filters}) {
        if (set->rewrite && set->rewrite->path)
            return gateway::rewrite_path(*set->rewrite->path, *match_.match, path_);
    }
    return std::nullopt;
}

/// Writes the upstream request's head; the pieces behind it are set.
void transaction::prepare_upstream() {
    const auto& head = ex_->head();
    const auto& rule = match_.selected->config->filters;
    std::string target_text;
    std::string_view target = head.target;
    const auto rewritten = rewritten_path();
    if (rewritten || path_.data() != head.target.data()) {
        target_text.assign(rewritten ? std::string_view(*rewritten) : path_);
        if (has_query_) target_text.append("?").append(query_);
        target = target_text;
    }
    std::string new_host;
    for (const auto* set : {&rule, &backend_->filters}) {
        if (set->request_headers) new_host = host_set_by(*set->request_headers, new_host);
        if (set->rewrite && set->rewrite->hostname) new_host = *set->rewrite->hostname;
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
    facts.http10 = head.version_minor == 0;
    facts.takes_trailers = takes_trailers_ = head.version_minor != 0 && takes_trailers(fields());
    if (upstream_head_.capacity() < text_stock::usual) upstream_head_ = worker_.heads.take();
    upstream_head_.clear();
    append_upstream_head(upstream_head_, head.method, target, fields(), facts);
    for (const auto* set : {&rule, &backend_->filters}) {
        if (set->request_headers) edit_own_fields(upstream_head_, *set->request_headers);
    }
    if (body_bytes_ != 0 || has_body_semantics(head.method)) {
        char number[24];
        const auto end = std::to_chars(number, number + sizeof number, body_bytes_).ptr;
        append_head_field(upstream_head_, "content-length",
                          {number, static_cast<std::size_t>(end - number)});
    }
    if (piece_count_ == 0) piece_count_ = 1;
    if (!rule.mirrors.empty() || !backend_->filters.mirrors.empty()) send_mirrors();
    upgrades_ = asks_for_websocket();
    if (upgrades_) upstream_head_ += "connection: upgrade\r\nupgrade: websocket\r\n";
    for (const auto& change : decision_.upstream_headers) {
        remove_head_field(upstream_head_, change.name);
        if (!change.remove) append_head_field(upstream_head_, change.name, change.value);
    }
    upstream_head_ += "\r\n";
    if (body_bytes_ <= max_gathered_body) {
        for (std::size_t i = 1; i < piece_count_; ++i) upstream_head_ += pieces_[i];
        piece_count_ = 1;
    }
    pieces_[0] = upstream_head_;
    tried_.connects_failed = tried_.dispatches = 0;
}

/// Copies for the mirrors: what the chosen endpoint gets, without what its picker adds for it.
void transaction::send_mirrors() {
    const std::string head = upstream_head_ + "\r\n";
    auto pieces = pieces_;
    pieces[0] = head;
    const auto& rule = *match_.selected->config;
    const mirrored_request request{ex_->head().method, std::span(pieces).first(piece_count_),
                                   rule.request_timeout.value_or(duration{0})};
    for (const auto* set : {&rule.filters, &backend_->filters}) {
        for (const auto& mirror : set->mirrors) {
            if (!gateway::mirror_takes(mirror, worker_.random())) continue;
            const auto& to = mirror.target;
            const bool pool = to.kind == config::backend_kind::pool;
            auto& s =
                pool ? worker_.slot(config_->pools[to.index].serial, *config_->pools[to.index].view)
                     : worker_.slot(config_->services[to.index].serial,
                                    *config_->services[to.index].view);
            const auto view = s.view.get();
            s.read(*view, worker_.loop.now());
            if (s.candidates.empty()) {
                worker_.mirrors.drop();
                continue;
            }
            worker_.mirrors.send(*view, least_requests(s.signals, s.candidates, worker_.random),
                                 request);
        }
    }
}

void transaction::dispatch(std::uint32_t endpoint, bool fresh) {
    endpoint_ = endpoint;
    if (notes_) notes_->attempts.push_back(view_->endpoints[endpoint].authority());
    if (series_ != nullptr && !running_) {
        running_ = true;
        series_->running.add();
    }
    view_->states[endpoint]->picks.fetch_add(1, std::memory_order_relaxed);
    tried_.more_endpoints = fallback_next_ < fallback_count_;
    dispatched_ = worker_.loop.now();
    // The true time: the process may have been stopped since this batch began.
    const auto begun = worker_.loop.precise_now();
    const auto after = [&](duration limit) {
        return limit.count() != 0 ? begun + limit : time_point{};
    };
    limits_.attempt = after(match_.selected->config->backend_timeout);
    limits_.first_byte = after(worker_.settings.first_byte_timeout);
    limits_.idle = {};
    arm_deadlines();
    const auto& state = *view_->states[endpoint];
    auto address = view_->addresses[endpoint];
    auto key = state.serial;
    if (decision_.port_override >= 0 && decided_) {
        address.set_port(static_cast<std::uint16_t>(decision_.port_override));
        key ^= static_cast<std::uint64_t>(decision_.port_override) << 40;
    }
    if (log::enabled(log::level::trace)) {
        log::at(log::level::trace, "an attempt begins",
                {{"id", request_id_},
                 {"endpoint", view_->endpoints[endpoint].id()},
                 {"address", view_->endpoints[endpoint].authority()},
                 {"connection", fresh ? "fresh" : "any"}});
    }
    call_.expect_upgrade(upgrades_);
    worker_.clients.start(call_, *this, key, address, ex_->head().method,
                          std::span(pieces_).first(piece_count_), fresh);
}

/// One timer for the nearest of the limits that are on; off in the default configuration.
void transaction::arm_deadlines() {
    const auto nearest = limits_.nearest();
    if (nearest == time_point{}) {
        deadline_.cancel();
    } else {
        deadline_.arm_at(nearest);
    }
}

void transaction::on_deadline(void* self) {
    auto& t = *static_cast<transaction*>(self);
    const auto now = t.worker_.loop.now();
    if (!t.limits_.any_over(now)) return t.arm_deadlines();
    const bool received = t.call_.received();
    t.call_.cancel();
    t.retry_timer_.cancel();
    if (t.answer_begun_ || t.held_ != nullptr) return t.break_off(upstream_timeout());
    if (!t.limits_.request_over(now)) {
        // Only this attempt is out of time.
        http::call_failure why;
        why.what = http::call_error::timeout;
        why.sent = true;
        why.received = received;
        return t.on_failure(why);
    }
    if (t.dispatched_ != time_point{})
        t.judge(datalayer::note_broken_answer(*t.view_->states[t.endpoint_]));
    t.refuse(upstream_timeout());
}

/// Ejecting takes the whole pool into account, so the control thread does it; but a server that
/// fails fast draws a pool's traffic long before the next tick.
void transaction::judge(std::uint32_t failed_in_a_row) const {
    const auto& settings = worker_.settings;
    if (failed_in_a_row != 0 && failed_in_a_row == settings.eject_after && settings.judge_endpoints)
        settings.judge_endpoints();
}

void transaction::on_failure(const http::call_failure& why) {
    auto& state = *view_->states[endpoint_];
    state.failures.fetch_add(1, std::memory_order_relaxed);
    if (answer_begun_ || held_ != nullptr) {
        judge(datalayer::note_broken_answer(state));
        return break_off(answer_broke_off(why));
    }
    const bool connect_failed = !why.sent && !why.reused && why.code != 0;
    if (connect_failed) {
        ++tried_.connects_failed;
        if (why.what != http::call_error::connect_local) datalayer::note_connect_failure(state);
    } else if (why.sent) {
        ++tried_.dispatches;
        if (!why.reused) judge(datalayer::note_broken_answer(state));
    }
    if (decided_) worker_.ring.note_attempt(recorded_, {endpoint_, 0});
    if (log::enabled(log::level::debug)) {
        log::at(log::level::debug, "an attempt failed",
                {{"id", request_id_},
                 {"endpoint", view_->endpoints[endpoint_].id()},
                 {"reason", why.code != 0 ? std::strerror(why.code) : why.detail.c_str()}});
    }
    switch (after_failure(why, tried_)) {
        case next_step::next_endpoint:
            worker_.numbers.upstream_retries.add();
            return attempt_again(fallbacks_[fallback_next_++], false);
        case next_step::replay_fresh:
            // Of the tries that a route allows this is one: its endpoint saw the request.
            if (why.sent && tried_.route_retries_left > 0) --tried_.route_retries_left;
            worker_.numbers.upstream_replays.add();
            return attempt_again(endpoint_, true);
        case next_step::retry_by_route:
            return retry_by_route();
        case next_step::give_up:
            return refuse(reply_for(why));
    }
}

/// The next try that the route's retry allows, after its backoff: at another endpoint where there
/// is one; the failed one comes last again.
void transaction::retry_by_route() {
    --tried_.route_retries_left;
    worker_.numbers.upstream_retries.add();
    limits_.attempt = limits_.first_byte = {};
    if (fallback_count_ != 0) {
        fallback_next_ %= fallback_count_;
        std::swap(endpoint_, fallbacks_[fallback_next_++]);
    }
    retry_timer_.arm(
        std::max<duration>(match_.selected->config->retry->backoff, least_retry_backoff));
}

void transaction::attempt_again(std::uint32_t endpoint, bool fresh) {
    // The ledger follows the request.
    const auto& state = view_->states[endpoint];
    if (primary_charge_ < ledger_.size() && !ledger_[primary_charge_].holds(state)) {
        auto& held = ledger_[primary_charge_];
        auto terms = held.terms();
        terms.endpoint = endpoint;
        held.take(state, terms, gauges_at(endpoint));
    }
    dispatch(endpoint, fresh);
}

void transaction::on_retry_time(void* self) {
    auto& t = *static_cast<transaction*>(self);
    if (std::exchange(t.gathering_, false)) return t.end_hold();
    t.attempt_again(t.endpoint_, false);
}

}  // namespace weir::proxy
