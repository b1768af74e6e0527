#include "proxy/transaction.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "flowcontrol/admission.hpp"
#include "flowcontrol/saturation.hpp"
#include "gateway/cors.hpp"
#include "gateway/filters.hpp"
#include "gateway/path.hpp"
#include "payload/request.hpp"
#include "proxy/header_rules.hpp"
#include "proxy/media_counts.hpp"
#include "proxy/model_choice.hpp"
#include "proxy/reply.hpp"

namespace weir::proxy {
namespace {

/// The value under the newer name when that field is present (even empty), else under the older
/// one. Of a field that is repeated the last counts, as in the reference.
std::string_view either(const http::field_list& fields, std::string_view newer,
                        std::string_view older) {
    const auto* found = fields.last(newer);
    if (found == nullptr) found = fields.last(older);
    return found != nullptr ? found->value : std::string_view();
}

bool readable_encoding(std::string_view value) {
    return value.empty() || iequals(value, "identity");
}

}  // namespace

transaction::transaction(worker& w)
    : worker_(w),
      deadline_(w.loop, &transaction::on_deadline, this),
      retry_timer_(w.loop, &transaction::on_retry_time, this) {}

transaction::~transaction() = default;

void transaction::start(http::exchange& ex, const gateway::socket_table& socket,
                        pin<runtime> config) {
    ex_ = &ex;
    config_ = std::move(config);
    received_ = ex.received_at();
    ++worker_.active;
    const auto& head = ex.head();
    const auto id = head.fields.get("x-request-id");
    if (usable_request_id(id)) {
        request_id_.assign(id);
    } else {
        worker_.make_request_id(request_id_);
    }
    head.fields.join("accept", accept_);
    ex.set_owner(*this);
    take_notes();
    if (!route(socket) || !answer_by_filter() || !choose_backend()) return;
    if (head.body == http::framing::none) {
        start_request_clock();
        if (service_ != nullptr) return pass_to_service();
        if (!answer_models()) pass_without_body();
        return;
    }
    if (pool_ != nullptr && !readable_encoding(head.fields.get("content-encoding"))) {
        return refuse(unsupported_encoding());
    }
    ex.read_body(worker_.settings.max_body);
}

void transaction::take_notes() {
    if (worker_.log == nullptr && !log::enabled(log::level::request)) {
        notes_.reset();
        return;
    }
    const auto& head = ex_->head();
    if (!notes_) notes_ = std::make_unique<request_notes>();
    notes_->headers = stamp();
    notes_->method.assign(head.method);
    notes_->path.assign(head.target);
    notes_->host.assign(head.host);
    notes_->traceparent.assign(head.fields.get("traceparent"));
}

bool transaction::route(const gateway::socket_table& socket) {
    const auto& head = ex_->head();
    const auto parts = gateway::split_target(head.target);
    const std::string_view path = parts.path.empty() ? "/" : parts.path;
    const auto normal = gateway::normalise_path(path, path_scratch_);
    if (!normal) {
        refuse(malformed("the path climbs above its root"));
        return false;
    }
    path_ = *normal;
    query_ = parts.query;
    has_query_ = parts.has_query;
    api_ = payload::classify(path_);
    gateway::request_view view;
    view.host = head.host;
    view.method = head.method;
    view.path = path_;
    view.query = query_;
    view.fields = &head.fields;
    view.sni = ex_->server_name();
    match_ = gateway::table::match(socket, view);
    if (match_.what == gateway::outcome::matched) return true;
    if (match_.what == gateway::outcome::misdirected) {
        refuse(misdirected());
    } else {
        refuse(route_not_found(config_->table->describe_no_match(socket, view, match_)));
    }
    return false;
}

/// Filters that end the request here. False: answered.
bool transaction::answer_by_filter() {
    if (match_.selected->plain) return true;
    const auto& filters = match_.selected->config->filters;
    if (filters.unsupported) {
        refuse(invalid_backend());
        return false;
    }
    if (!answer_preflight(filters)) return false;
    if (filters.redirect) {
        redirect(*filters.redirect);
        return false;
    }
    return true;
}

/// False: answered.
bool transaction::answer_preflight(const config::filter_set& filters) {
    const auto& head = ex_->head();
    if (!filters.cors || !gateway::is_cors_preflight(head.method, head.fields)) return true;
    answer_plain(204, gateway::cors_preflight_fields(*filters.cors, head.fields), {});
    return false;
}

bool transaction::choose_backend() {
    backend_ = gateway::pick_backend(*match_.selected->config, worker_.random());
    if (backend_ == nullptr || backend_->target.kind == config::backend_kind::invalid ||
        backend_->filters.unsupported) {
        refuse(invalid_backend());
        return false;
    }
    if (!answer_preflight(backend_->filters)) return false;
    if (backend_->filters.redirect) {
        redirect(*backend_->filters.redirect);
        return false;
    }
    if (backend_->target.kind == config::backend_kind::pool) {
        pool_ = &config_->pools[backend_->target.index];
        if (!pool_->claims.all()) api_ = payload::classify(path_, pool_->claims);
    } else {
        service_ = &config_->services[backend_->target.index];
    }
    if (match_.selected->config->retry) {
        tried_.has_route_retry = true;
        tried_.route_retries_left = match_.selected->config->retry->attempts;
    }
    edit_request_fields();
    return true;
}

/// Before anything reads them: a route may set an objective or a model rewrite for its requests.
void transaction::edit_request_fields() {
    for (const auto* set : {&match_.selected->config->filters, &backend_->filters}) {
        if (set->request_headers) edited_ = gateway::edit_headers(*set->request_headers, fields());
    }
}

void transaction::redirect(const config::redirect_filter& filter) {
    const auto& head = ex_->head();
    gateway::redirect_source from;
    from.scheme = ex_->is_tls() ? "https" : "http";
    const auto here = ex_->local().authority();
    from.host = head.host.empty() ? std::string_view(here) : head.host;
    from.path = path_;
    from.query = query_;
    from.has_query = has_query_;
    from.logical_port = match_.listener->logical_port;
    gateway::response_fields fields;
    fields.emplace_back("location", gateway::redirect_location(filter, *match_.match, from));
    answer_plain(filter.status, fields, filters_for_reply());
}

pool_slot& transaction::slot() {
    return pool_ != nullptr ? worker_.slot(pool_->serial, *pool_->view)
                            : worker_.slot(service_->serial, *service_->view);
}

void transaction::pass_to_service() {
    auto& s = slot();
    view_ = s.view.get();
    s.read(*view_, worker_.loop.now());
    if (s.candidates.empty()) return refuse(no_healthy_upstream());
    const auto best = least_requests(s.signals, s.candidates, worker_.random);
    charge({.endpoint = best});
    remember_others(s, best);
    prepare_upstream();
    dispatch(best, false);
}

/// Any ready endpoint: requests without a body, and bodies that weir does not read.
void transaction::pass_without_body() {
    auto& s = slot();
    view_ = s.view.get();
    s.read(*view_, worker_.loop.now());
    if (s.candidates.empty()) return refuse(no_healthy_upstream());
    series_ = &worker_.numbers.series({}, {}, default_fairness_id, 0);
    const auto picked = s.candidates[worker_.random.below(s.candidates.size())];
    charge({.endpoint = picked});
    remember_others(s, picked);
    prepare_upstream();
    dispatch(picked, false);
}

void transaction::on_body(std::span<char> bytes) {
    start_request_clock();
    if (notes_) notes_->body = stamp();
    body_ = bytes;
    body_bytes_ = bytes.size();
    pieces_[1] = {bytes.data(), bytes.size()};
    piece_count_ = 2;
    if (service_ != nullptr) return pass_to_service();
    const auto type = ex_->head().fields.get("content-type");
    const bool multipart = type.size() >= 10 && iequals(type.substr(0, 10), "multipart/");
    if (bytes.empty() || multipart) return pass_without_body();
    if (api_ == api_kind::other && !pool_->claims.others_pass)
        return refuse(reply_for(payload::no_parser(path_)));
    auto& facts = worker_.facts;
    auto refused = scan();
    if (refused && api_ == api_kind::other) {
        // Not an API weir knows: what is not JSON has no model and no prompt, and passes.
        facts = {};
        refused.reset();
    }
    if (notes_) notes_->parsed = stamp();
    if (refused) return refuse(reply_for(*refused));

    stream_request_ = facts.stream;
    inference_request request;
    describe(request);
    if (!resolve_names()) return;
    if (rewritten_) {
        const auto body = payload::splice_model(pieces_[1], facts, target_model_, quoted_model_);
        pieces_[1] = body.before;
        pieces_[2] = body.middle;
        pieces_[3] = body.after;
        piece_count_ = 4;
        body_bytes_ = body.size();
    }
    admit_and_pick(request);
}

std::optional<payload::refusal> transaction::scan() {
    const auto counts =
        media_counts_of(pool_->pipeline->media(), [this](auto name) { return fields().get(name); });
    return worker_.scanner.scan(api_, body_, worker_.facts, counts);
}

/// What plugins see of the body that was scanned last.
void transaction::describe(inference_request& request) const {
    const auto& facts = worker_.facts;
    request.request_id = request_id_;
    request.model = facts.has_model ? facts.model : std::string_view();
    request.api = api_;
    request.stream = facts.stream;
    request.max_output_tokens = facts.max_output_tokens;
    request.body_bytes = body_.size();
    request.cache_salt = facts.cache_salt;
    request.prompts = facts.prompts;
    request.media = facts.media;
}

/// The model the endpoint will be asked for. False: refused.
bool transaction::resolve_names() {
    const auto& facts = worker_.facts;
    const auto header =
        either(fields(), "x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite");
    const auto resolved = resolve_model(*pool_->spec, api_, facts, header, worker_.random);
    model_.assign(resolved.model);
    target_model_.assign(resolved.choice.target);
    if (resolved.choice.rule != nullptr) {
        worker_.numbers.count_rewrite(resolved.choice.rule->resource, model_, target_model_);
    }
    const auto& problem = resolved.refused ? resolved.refused : facts.prompt_problem;
    if (problem && api_ != api_kind::other) {
        refuse(reply_for(*problem));
        return false;
    }
    rewritten_ = resolved.rewritten;
    return true;
}

void transaction::admit_and_pick(inference_request& request) {
    objective_.assign(
        either(fields(), "x-llm-d-inference-objective", "x-gateway-inference-objective"));
    fairness_id_.assign(
        either(fields(), "x-llm-d-inference-fairness-id", "x-gateway-inference-fairness-id"));
    if (const auto at = pool_->spec->objectives.find(objective_);
        at != pool_->spec->objectives.end()) {
        priority_ = at->second;
    }
    request.target_model = target_model_;
    request.objective = objective_;
    request.priority = priority_;
    fill_headers(request);
    if (fairness_id_.empty()) {
        fairness_id_.assign(pool_->pipeline->request_header(request).fairness_id);
        if (fairness_id_.empty()) fairness_id_ = default_fairness_id;
    }
    request.fairness_id = fairness_id_;
    series_ = &worker_.numbers.series(model_, target_model_, fairness_id_, priority_);

    auto& s = slot();
    view_ = s.view.get();
    s.read(*view_, worker_.loop.now());
    if (pool_->flow) return wait_for_turn(request, s);
    flowcontrol::admission_facts asks;
    asks.priority = priority_;
    asks.level = criticality_of(*pool_->spec, model_);
    if (flowcontrol::is_sheddable(asks)) {
        const auto admission = flowcontrol::admit(
            asks, flowcontrol::detect_saturation(pool_->detector, s.signals, s.candidates));
        if (const auto* rejected = std::get_if<flowcontrol::rejection>(&admission)) {
            return refuse(reply_for(*rejected));
        }
    }
    if (s.candidates.empty()) return refuse(no_healthy_upstream());
    hold_or_pick(request, s);
}

/// Where flow control is on it decides alone: nothing is shed by its priority.
void transaction::wait_for_turn(inference_request& request, pool_slot& s) {
    auto ticket = std::make_shared<flow_ticket>();
    ticket->priority = priority_;
    ticket->fairness_id = fairness_id_;
    ticket->bytes = body_bytes_;
    ticket->received = received_;
    // Whole milliseconds, as the deadline policy of the reference reads them.
    const auto slo = parse_int(either(fields(), "x-llm-d-slo-ttft-ms", "x-slo-ttft-ms"));
    if (slo && *slo >= 0)
        ticket->slo_ttft = std::chrono::milliseconds(std::min<std::int64_t>(*slo, 1'000'000'000));
    for (const auto& [name, value] : series_->labels) {
        if (name == "fairness_id") ticket->fairness_label = value;
        if (name == "model_name") ticket->model_label = value;
        if (name == "target_model_name") ticket->target_label = value;
    }
    ticket->home = &worker_.loop;
    ticket->owner = this;
    ticket->gate = pool_->flow;
    const auto verdict = worker_.flows.arrive(ticket, config_, *pool_, *view_, s);
    if (verdict == flowcontrol::outcome::dispatched) {
        lease_ = std::move(ticket);
        return pass_gate(request, s);
    }
    if (verdict == flowcontrol::outcome::queued) {
        if (notes_) notes_->queued = stamp();
        ticket_ = std::move(ticket);
    } else {
        refuse(reply_for(flowcontrol::rejection_for(verdict)));
    }
}

void transaction::pass_gate(inference_request& request, pool_slot& s) {
    const auto config = config_;  // keeps the pool when the request ends here
    const auto& pool = *pool_;
    if (s.candidates.empty()) {
        refuse(no_healthy_upstream());
    } else {
        hold_or_pick(request, s);
    }
    worker_.flows.confirmed(pool);
}

/// A plugin may want to see what else comes before this request is decided.
void transaction::hold_or_pick(inference_request& request, pool_slot& s) {
    const auto wait = pool_->pipeline->gather(request, s.scratch, worker_.loop.now());
    if (wait.count() <= 0) return pick(request, s);
    gathering_ = true;
    retry_timer_.arm(std::chrono::duration_cast<duration>(wait));
}

void transaction::end_hold() {
    inference_request request;
    auto& s = describe_again(request);
    if (s.candidates.empty()) return refuse(no_healthy_upstream());
    pick(request, s);
}

void transaction::turn_came(flowcontrol::outcome how) {
    worker_.flows.done(*ticket_);
    lease_ = std::move(ticket_);
    if (how != flowcontrol::outcome::dispatched) {
        return refuse(reply_for(flowcontrol::rejection_for(how)));
    }
    inference_request request;
    auto& s = describe_again(request);
    pass_gate(request, s);
}

/// After a wait. The scan of the body is in memory that other requests have used since: it is done
/// again, and the candidates are those of now.
pool_slot& transaction::describe_again(inference_request& request) {
    auto& facts = worker_.facts;
    if (scan()) facts = {};
    describe(request);
    request.target_model = target_model_;
    request.objective = objective_;
    request.priority = priority_;
    request.fairness_id = fairness_id_;
    fill_headers(request);
    auto& s = slot();
    view_ = s.view.get();
    s.read(*view_, worker_.loop.now());
    return s;
}

void transaction::pick(inference_request& request, pool_slot& s) {
    if (pool_->models != nullptr) {
        datalayer::keep_serving(s.models.get(pool_->models->views()), *view_, target_model_,
                                s.candidates);
    }
    if (s.candidates.empty()) return refuse(no_healthy_upstream());
    const auto seed = worker_.random();
    if (datalayer::distrust_stale(s.signals, s.candidates, pool_->detector.staleness_seconds()))
        s.known.forget();
    const scheduling::decision_input in{request,      view_->endpoints,   s.signals,
                                        s.candidates, worker_.loop.now(), seed};
    const auto begin = worker_.loop.precise_now();
    const bool found = pool_->pipeline->decide(in, s.scratch, decision_);
    const auto end = worker_.loop.precise_now();
    const double seconds = std::chrono::duration<double>(end - begin).count();
    worker_.numbers.decision_seconds.observe(seconds);
    if (!found || decision_.primary_targets().empty()) {
        worker_.numbers.count_failed_pick(target_model_);
        record(request, s, seed, seconds);
        return refuse(reply_for(decision_));
    }
    decided_ = true;
    const auto targets = decision_.primary_targets();
    endpoint_ = targets.front();
    worker_.numbers.count_pick(
        *series_, target_model_,
        {pool_->serial, view_->version, endpoint_, view_->endpoints[endpoint_]});
    series_->total.add();
    series_->request_size.observe(static_cast<double>(body_bytes_));
    charge_decision();
    remember_fallbacks(s);
    record(request, s, seed, seconds);
    note_decision(s);
    prepare_upstream();
    worker_.numbers.processing_seconds.observe(
        std::chrono::duration<double>(end - received_).count());
    dispatch(endpoint_, false);
}

/// What the picker says each stage costs; the endpoint that gets the request is always charged.
void transaction::charge_decision() {
    for (const auto& c : decision_.charges) {
        if (c.profile == decision_.primary) primary_charge_ = ledger_.size();
        charge(c);
    }
    if (primary_charge_ < ledger_.size() && ledger_[primary_charge_].terms().endpoint == endpoint_)
        return;
    primary_charge_ = ledger_.size();
    charge({.endpoint = endpoint_, .profile = decision_.primary, .tokens = decision_.input_tokens});
}

void transaction::charge(const load_charge& terms) {
    ledger_.emplace_back().take(view_->states[terms.endpoint], terms, gauges_at(terms.endpoint));
}

/// Shown where a producer of in-flight load is configured, and only for requests.
inflight_gauges transaction::gauges_at(std::uint32_t endpoint) {
    if (!decided_ || pool_->pipeline->load_producer().empty()) return {};
    return worker_.numbers.inflight(
        *series_, {pool_->serial, view_->version, endpoint, view_->endpoints[endpoint]},
        pool_->pipeline->load_producer());
}

/// Where to go when the picked endpoint cannot be connected to: the picker's further targets, then
/// the best of the other candidates.
void transaction::remember_fallbacks(pool_slot& s) {
    fallback_count_ = fallback_next_ = 0;
    const auto targets = decision_.primary_targets();
    for (const auto t : targets.subspan(1)) {
        if (fallback_count_ < fallbacks_.size()) fallbacks_[fallback_count_++] = t;
    }
    if (fallback_count_ >= 2) return;
    const auto scored = s.scratch.scored_candidates(decision_.primary);
    const auto taken = [&](std::uint32_t e) {
        return e == endpoint_ || std::find(targets.begin(), targets.end(), e) != targets.end();
    };
    constexpr auto none = std::numeric_limits<std::size_t>::max();
    std::size_t best = none;
    std::size_t second = none;
    for (std::size_t i = 0; i < scored.endpoints.size(); ++i) {
        if (second != none && !(scored.totals[i] > scored.totals[second])) continue;
        if (taken(scored.endpoints[i])) continue;
        if (best == none || scored.totals[i] > scored.totals[best]) {
            second = std::exchange(best, i);
        } else {
            second = i;
        }
    }
    for (const auto i : {best, second}) {
        if (i != none && fallback_count_ < 2) fallbacks_[fallback_count_++] = scored.endpoints[i];
    }
}

void transaction::remember_others(pool_slot& s, std::uint32_t picked) {
    fallback_count_ = fallback_next_ = 0;
    const auto n = s.candidates.size();
    const auto first = n > 1 ? worker_.random.below(n) : 0;
    for (std::size_t i = 0; i < n && fallback_count_ < 2; ++i) {
        const auto e = s.candidates[(first + i) % n];
        if (e != picked) fallbacks_[fallback_count_++] = e;
    }
}

/// Plugins see names in lower case; both lists live in the worker's scratch memory until the next
/// request.
void transaction::fill_headers(inference_request& request) {
    auto& names = worker_.header_names;
    auto& list = worker_.headers;
    std::size_t size = 0;
    for (const auto& f : fields()) size += f.name.size();
    names.resize(size);
    list.clear();
    char* at = names.data();
    for (const auto& f : fields()) {
        lower_copy(f.name, at);
        list.push_back({{at, f.name.size()}, f.value});
        at += f.name.size();
    }
    request.headers = list;
}

}  // namespace weir::proxy
