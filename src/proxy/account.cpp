#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/json.hpp"
#include "base/log.hpp"
#include "proxy/reply.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

constexpr std::size_t kept_text = 64 * 1024;

double seconds_between(time_point a, time_point b) {
    return std::chrono::duration<double>(b - a).count();
}

std::string_view error_code_of(int status) {
    switch (status) {
        case 400:
        case 415:
            return "BadRequest";
        case 412:
            return "PreconditionFailed";
        case 429:
            return "ResourceExhausted";
        case 503:
            return "ServiceUnavailable";
        case 500:
            return "Internal";
        default:
            return "Unknown";
    }
}

/// `name: value` lines of those that the request has.
std::string headers_that_decided(const inference_request& request,
                                 std::span<const std::string> names) {
    std::string out;
    for (const auto& name : names) {
        const auto value = request.header(name);
        if (!value.empty()) out.append(name).append(": ").append(value) += '\n';
    }
    return out;
}

}  // namespace

response_facts transaction::facts_for(end_cause cause) const {
    response_facts f{request_id_, target_model_, decision_, view_->endpoints, worker_.loop.now()};
    f.model = model_;
    f.status = status_;
    f.stream = stream_request_ || sse_;
    f.cause = cause;
    if (chunks_ != 0) f.first_token_seconds = seconds_between(dispatched_, first_byte_);
    f.total_seconds = seconds_between(dispatched_, worker_.loop.now());
    if (usage_ && usage_->usage().present) {
        f.prompt_tokens = usage_->usage().prompt;
        f.output_tokens = usage_->usage().completion;
        f.cached_tokens = usage_->usage().cached;
    }
    return f;
}

/// `default/a=1.2 default/b=0.7`: the totals of those that the filters left.
std::string transaction::totals_of(const pool_slot& s) const {
    const auto scored = s.scratch.scored_candidates(decision_.primary);
    std::string out;
    for (std::size_t i = 0; i < scored.endpoints.size() && i < scored.totals.size(); ++i) {
        char total[32];
        std::snprintf(total, sizeof total, "=%.4f", scored.totals[i]);
        out += (out.empty() ? "" : " ") + view_->endpoints[scored.endpoints[i]].id() + total;
    }
    return out;
}

void transaction::note_decision(const pool_slot& s) {
    if (!notes_) return;
    const auto scored = s.scratch.scored_candidates(decision_.primary);
    notes_->picked = stamp();
    notes_->candidates = static_cast<std::uint32_t>(s.candidates.size());
    notes_->after_filters = static_cast<std::uint32_t>(scored.endpoints.size());
    for (std::size_t i = 0; i < scored.endpoints.size(); ++i) {
        if (scored.endpoints[i] == endpoint_) {
            notes_->score = scored.totals[i];
        } else if (!notes_->runner_up || scored.totals[i] > *notes_->runner_up) {
            notes_->runner_up = scored.totals[i];
        }
    }
    if (!log::enabled(log::level::decision)) return;
    log::at(log::level::decision, "decision",
            {{"id", request_id_},
             {"endpoint", view_->endpoints[endpoint_].id()},
             {"candidates", std::uint64_t{notes_->candidates}},
             {"after_filters", std::uint64_t{notes_->after_filters}},
             {"score", std::to_string(notes_->score)}});
    if (!log::enabled(log::level::debug)) return;
    log::at(log::level::debug, "scores", {{"id", request_id_}, {"totals", totals_of(s)}});
}

/// What is known of the request, whatever becomes of it.
decision_facts transaction::known_facts() const {
    decision_facts facts;
    auto& n = facts.numbers;
    n.wall_ms = worker_.wall_ms();
    n.runtime_version = config_->version;
    n.priority = priority_;
    n.stream = stream_request_;
    facts.request_id = request_id_;
    facts.pool = pool_->id;
    facts.model = model_;
    facts.target_model = target_model_;
    facts.objective = objective_;
    facts.fairness_id = fairness_id_;
    facts.path = path_;
    return facts;
}

/// Keeps that a pool turned the request away before an endpoint was chosen: who was shed asks why.
void transaction::record_refusal() {
    if (pool_ == nullptr || recorded_.sequence != 0) return;
    std::span<recorded_candidate> none;
    recorded_ = worker_.ring.add(known_facts(), none);
}

/// Keeps what the decision was made on.
void transaction::record(const inference_request& request, pool_slot& s, std::uint64_t seed,
                         double seconds) {
    auto facts = known_facts();
    auto& n = facts.numbers;
    n.view_version = view_->version;
    n.seed = seed;
    n.input_tokens = static_cast<std::uint32_t>(request.input_tokens());
    n.decide_us = static_cast<float>(seconds * 1e6);
    const auto& prefixes = s.scratch.data().prefix;
    const auto prefix =
        std::find_if(prefixes.begin(), prefixes.end(), [](const auto& p) { return p.present; });
    const double* matched = nullptr;
    if (prefix != prefixes.end()) {
        n.total_blocks = static_cast<float>(prefix->total_blocks);
        n.block_tokens = static_cast<float>(prefix->block_size_tokens);
        matched = prefix->matched_blocks.data();
    }
    if (decided_) facts.picked = &view_->endpoints[endpoint_];
    const auto headers = headers_that_decided(request, pool_->pipeline->headers_read());
    facts.headers = headers;
    if (s.candidates.size() >= decision_ring::wide) {
        const auto scored = s.scratch.scored_candidates(decision_.primary);
        recorded_ = worker_.ring.add_wide(
            facts, {s.signals, s.candidates, scored.endpoints, scored.totals, matched,
                    std::chrono::duration<double>(worker_.loop.now().time_since_epoch()).count()});
        return;
    }
    facts.candidates = s.candidates.size();
    std::span<recorded_candidate> candidates;
    recorded_ = worker_.ring.add(facts, candidates);
    copy_candidates(candidates, s, matched);
}

void transaction::copy_candidates(std::span<recorded_candidate> out, const pool_slot& s,
                                  const double* matched_blocks) const {
    const auto scored = s.scratch.scored_candidates(decision_.primary);
    std::size_t at = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto e = s.candidates[i];
        auto& c = out[i];
        c.endpoint = e;
        c.waiting = static_cast<float>(s.signals.waiting[e]);
        c.running = static_cast<float>(s.signals.running[e]);
        c.kv_usage = s.signals.kv_usage[e];
        c.age_seconds = static_cast<float>(s.signals.age_seconds[e]);
        c.inflight = static_cast<float>(s.signals.inflight_requests[e]);
        c.inflight_tokens = static_cast<float>(s.signals.inflight_tokens[e]);
        c.matched_blocks = matched_blocks != nullptr ? static_cast<float>(matched_blocks[e]) : 0.0F;
        // Survivors keep the order of the candidates.
        while (at < scored.endpoints.size() && scored.endpoints[at] < e) ++at;
        c.filtered = at == scored.endpoints.size() || scored.endpoints[at] != e;
        c.total = c.filtered || at >= scored.totals.size() ? 0 : scored.totals[at];
        c.scores = {};
        if (c.filtered) continue;
        const auto scorers = std::min(kept_scores, scored.raw.size() / scored.endpoints.size());
        for (std::size_t k = 0; k < scorers; ++k)
            c.scores[k] = static_cast<float>(scored.raw[k * scored.endpoints.size() + at]);
    }
}

/// The body of an answer of weir's own. The exchange may have forgotten the request's head.
void transaction::note_sent(std::string_view body) {
    if (notes_ && notes_->method != "HEAD") sent_bytes_ = body.size();
}

void transaction::refuse(const local_reply& reply) {
    call_.cancel();
    status_ = reply.status;
    if (pool_ != nullptr) {
        // Turned away before its fairness id and priority were known: the default ones.
        auto& series = series_ != nullptr
                           ? *series_
                           : worker_.numbers.series(model_, target_model_, default_fairness_id, 0);
        worker_.numbers.count_error(series, error_code_of(reply.status));
    }
    record_refusal();
    reply_facts facts;
    const std::string path(path_.empty() && notes_ ? std::string_view(notes_->path) : path_);
    const std::string accept = accept_;
    const std::string id = request_id_;
    facts.path = path;
    facts.accept = accept;
    facts.request_id = id;
    const std::string endpoint =
        dispatched_ != time_point{} ? view_->endpoints[endpoint_].authority() : std::string();
    facts.endpoint = endpoint;
    facts.api = api_;
    const auto body = body_of(worker_, reply, facts);
    note_sent(body.body);
    account(reply.status, reply.reason, reply.cause,
            reply.detail.empty() ? reply.text : reply.detail);
    const auto filters = filters_for_reply();
    facts.filters = &filters;
    const auto config = std::move(config_);  // the filters point into it
    auto* ex = ex_;
    auto& w = worker_;
    recycle();
    send_reply(w, *ex, reply, facts, body);
}

/// What the chosen rule does to an answer of weir's own.
answer_filters transaction::filters_for_reply() const {
    if (match_.selected == nullptr || request_released_) return {};
    return answer_filters_of(*match_.selected, backend_, ex_->head().fields);
}

void transaction::answer_plain(int status, const gateway::response_fields& fields,
                               const answer_filters& filters, std::string_view body) {
    std::vector<http::field> out;
    for (const auto& [name, value] : fields) out.push_back({name, value});
    const std::string id = request_id_;
    apply_answer_filters(filters, out);
    out.push_back({"x-request-id", id});
    worker_.numbers.count_answer(status, {});
    note_sent(body);
    account(status, {}, end_cause::natural);  // reads the configuration, too
    const auto config = std::move(config_);   // the filters point into it
    auto* ex = ex_;
    recycle();
    ex->answer(status, out, body);
}

void transaction::on_gone() {
    call_.cancel();
    worker_.numbers.client_aborts.add();
    account(499, "client-gone", end_cause::client_disconnect);
    recycle();
}

/// http answers the client itself; `refuse` of the listener writes the line.
void transaction::on_refused() {
    call_.cancel();
    recycle();
}

/// Exactly once for each request that was started, whatever became of it.
void transaction::account(int status, std::string_view reason, end_cause cause,
                          std::string_view detail) {
    const double total = seconds_between(received_, worker_.loop.now());
    if (series_ != nullptr) measure(total);
    worker_.ring.note_end(recorded_, status, reason, static_cast<float>(total * 1e3));
    if (decided_ && pool_->pipeline->hears_answers())
        pool_->pipeline->complete(facts_for(cause), &slot().scratch);
    if (decided_ && pool_->flow && usage_ && usage_->usage().present) {
        const auto& u = usage_->usage();
        pool_->flow->account(priority_, fairness_id_, static_cast<double>(u.prompt),
                             static_cast<double>(u.completion), worker_.loop.now());
    }
    if (notes_) write_lines(status, reason, cause, detail);
}

/// What the series learns of the answer.
void transaction::measure(double seconds) {
    auto& s = *series_;
    if (answer_begun_) {
        s.duration.observe(seconds);
        s.response_size.observe(static_cast<double>(answer_bytes_));
        if (status_ != 200) worker_.numbers.count_error(s, "ModelServerError");
    }
    if (!usage_ || !usage_->usage().present) return;
    const auto& u = usage_->usage();
    if (u.prompt > 0) s.input_tokens.observe(static_cast<double>(u.prompt));
    if (u.has_cached) s.cached_tokens.observe(static_cast<double>(u.cached));
    if (u.completion <= 0) return;
    const auto tokens = static_cast<double>(u.completion);
    s.output_tokens.observe(tokens);
    s.ntpot.observe(seconds / tokens);
    if (sse_ && u.completion > 1) {
        s.tpot.observe(seconds_between(first_byte_, worker_.loop.now()) / (tokens - 1));
    }
}

life_phase transaction::phase() const {
    if (answer_begun_) return life_phase::data;
    if (ticket_) return life_phase::queue;
    return dispatched_ != time_point{} ? life_phase::headers : life_phase::request;
}

void transaction::write_lines(int status, std::string_view reason, end_cause cause,
                              std::string_view detail) {
    access_line line;
    line.id = request_id_;
    line.client = ex_->peer().authority();
    if (match_.selected != nullptr) {
        const auto& route = *match_.selected->route;
        line.route = route.name_space + "/" + route.name;
    }
    if (pool_ != nullptr) line.pool = pool_->id;
    if (dispatched_ != time_point{}) {
        line.endpoint = view_->endpoints[endpoint_].id();
        line.address = view_->endpoints[endpoint_].authority();
    }
    line.model = model_;
    line.target_model = target_model_;
    line.objective = objective_;
    line.fairness_id = fairness_id_;
    line.priority = priority_;
    line.stream = stream_request_ || sse_;
    line.code = status;
    line.end = end_letters(cause, phase(), reason);
    line.reason = reason;
    line.detail = detail;
    line.bytes_in = body_.size();
    line.bytes_out = sent_bytes_;
    if (usage_) line.usage = &usage_->usage();
    line.chunks = chunks_;
    line.retries = notes_->attempts.empty() ? 0 : static_cast<int>(notes_->attempts.size()) - 1;
    line.config_version = config_->version;
    line.received = received_;
    if (chunks_ != 0) line.first_token = first_byte_;
    line.last_byte = last_byte_;
    line.ended = stamp();
    if (log::enabled(log::level::request)) {
        log::at(
            log::level::request, "request",
            {{"id", request_id_},
             {"method", notes_->method},
             {"path", notes_->path},
             {"code", status},
             {"endpoint", line.endpoint},
             {"model", model_},
             {"reason", reason},
             {"us", static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                  line.ended - received_)
                                                  .count())}});
    }
    if (worker_.log != nullptr) worker_.log->append(to_json(line, *notes_));
}

/// Back to the state of a new object, memory kept; then to the worker.
void transaction::recycle() {
    if (series_ != nullptr && running_) series_->running.add(-1);
    deadline_.cancel();
    retry_timer_.cancel();
    gathering_ = false;
    if (ticket_) {
        worker_.flows.leave(*ticket_);
        ticket_.reset();
    }
    if (lease_) {
        worker_.flows.ended(*lease_);
        lease_.reset();
    }
    for (auto& held : ledger_) held.release();
    if (pool_ != nullptr && pool_->flow && !ledger_.empty()) worker_.flows.turn(*pool_);
    ledger_.clear();
    primary_charge_ = 0;
    body_ = {};
    ex_ = nullptr;
    ++walks_;
    view_.reset();
    config_.reset();
    match_ = {};
    pool_ = nullptr;
    service_ = nullptr;
    backend_ = nullptr;
    edited_.reset();
    path_ = query_ = {};
    has_query_ = false;
    model_.clear();
    target_model_.clear();
    objective_.clear();
    fairness_id_.clear();
    if (notes_) notes_->clear();
    priority_ = 0;
    api_ = api_kind::other;
    stream_request_ = rewritten_ = decided_ = running_ = request_released_ = false;
    takes_trailers_ = upgrades_ = false;
    trailers_.clear();
    body_bytes_ = 0;
    decision_.clear();
    fallback_count_ = fallback_next_ = 0;
    pieces_ = {};
    piece_count_ = 0;
    tried_ = {};
    recorded_ = {};
    restorer_.reset();
    held_.reset();
    if (usage_) {
        auto memory = usage_->take_memory();
        if (memory.capacity() > worker_.spare_text.capacity() && memory.capacity() <= kept_text)
            worker_.spare_text = std::move(memory);
        usage_.reset();
    }
    boundary_ = {};
    status_ = 0;
    answer_begun_ = sse_ = takes_event_ = paused_ = false;
    answer_bytes_ = sent_bytes_ = 0;
    series_ = nullptr;
    dispatched_ = first_byte_ = last_byte_ = {};
    chunks_ = 0;
    limits_ = {};
    --worker_.active;
    worker_.give(*this);
}

}  // namespace weir::proxy
