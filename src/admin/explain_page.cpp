// POST /v1/explain: the way of one request from its body to its pick, without sending it.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>

#include "admin/api.hpp"
#include "admin/dry_route.hpp"
#include "admin/explain_render.hpp"
#include "admin/json_body.hpp"
#include "admin/page.hpp"
#include "base/json.hpp"
#include "base/strings.hpp"
#include "flowcontrol/admission.hpp"
#include "payload/request.hpp"
#include "proxy/media_counts.hpp"
#include "proxy/model_choice.hpp"
#include "proxy/reply.hpp"
#include "weir/random.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t padding = 64;  // readable bytes behind a body (simdjson)

/// How far it came.
struct dry_outcome {
    std::string route;
    int status = 200;
    std::string message;
    std::string_view reason;
    std::string model;
    std::string target_model;
    std::string rewrite;
    std::string objective;
    std::string fairness_id;
    int priority = 0;
    std::size_t input_tokens = 0;
    std::optional<flowcontrol::saturation> saturation;
    signal_columns signals;  ///< as they were read
    bool sheddable = false;
    std::optional<scheduling::explanation> explained;
    std::shared_ptr<const datalayer::pool_view> view;

    void refuse(int with, std::string_view why, std::string text) {
        status = with;
        reason = why;
        message = std::move(text);
    }
    void refuse(const payload::refusal& r) {
        refuse(r.status, r.reason, "inference gateway: BadRequest - " + r.message);
    }
};

/// The newer spelling wins where it is present, even empty.
std::string header(const dry_request& r, std::string_view one, std::string_view other) {
    const bool newer = std::any_of(r.headers.begin(), r.headers.end(),
                                   [one](const auto& h) { return h.first == one; });
    return std::string(r.header(newer ? one : other));
}

/// A number, or the digits of one, as decisions show it: JSON readers lose seeds above 2^53.
std::uint64_t read_seed(json_body& asked) {
    if (!asked.has("seed")) return std::random_device{}();
    const auto digits = asked.is_text("seed") ? asked.text("seed") : asked.raw("seed");
    std::uint64_t seed = 0;
    const auto* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, seed);
    if (read.ec != std::errc{} || read.ptr != end) asked.fail("\"seed\" must be a whole number");
    return seed;
}

/// A document about a request has its `body`; else it may be the request itself.
dry_request read_request(json_body& asked, const std::string& document) {
    dry_request out;
    const bool is_request = !asked.has("body") && (asked.has("model") || asked.has("prompt") ||
                                                   asked.has("messages") || asked.has("input"));
    if (is_request) {
        out.body = document;
    } else {
        asked.only({"path", "body", "model", "prompt", "messages", "headers", "pool", "seed"});
        out.body = asked.is_text("body") ? asked.text("body") : asked.raw("body");
        if (out.body.empty()) out.body = "{}";
    }
    const bool chat = out.body.find("\"messages\"") != std::string::npos;
    out.path = asked.text("path", chat ? "/v1/chat/completions" : "/v1/completions");
    out.headers = asked.texts("headers");
    for (auto& [name, value] : out.headers) name = to_lower(name);
    out.seed = read_seed(asked);
    return out;
}

dry_route choose_route(const proxy::runtime* current, dry_request& r, json_body& asked) {
    const auto name = asked.text("pool");
    if (current == nullptr || current->pools.empty()) {
        asked.fail("no pool is configured");
        return {};
    }
    auto out = name.empty() ? find_route(*current, r) : find_pool(*current, name);
    if (!out.problem.empty()) asked.fail(out.problem);
    return out;
}

/// Model, rewrite and objective, in the order of checks of a real request. False: refused.
bool resolve_names(const dry_request& r, const config::pool& spec, const payload::request_facts& f,
                   api_kind api, dry_outcome& out) {
    random_source random(r.seed);
    const auto wish = header(r, "x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite");
    const auto resolved = proxy::resolve_model(spec, api, f, wish, random);
    out.model = resolved.model;
    out.target_model = resolved.choice.target;
    if (resolved.choice.rule != nullptr) out.rewrite = resolved.choice.rule->resource;
    const auto& problem = resolved.refused ? resolved.refused : f.prompt_problem;
    if (problem && api != api_kind::other) {
        out.refuse(*problem);
        return false;
    }
    out.objective = header(r, "x-llm-d-inference-objective", "x-gateway-inference-objective");
    out.fairness_id = header(r, "x-llm-d-inference-fairness-id", "x-gateway-inference-fairness-id");
    const auto at = spec.objectives.find(out.objective);
    if (at != spec.objectives.end()) out.priority = at->second;
    return true;
}

/// Admission as a real request meets it. False: turned away.
bool admit(const proxy::pool_runtime& pool, const signal_columns& signals,
           const std::vector<std::uint32_t>& candidates, dry_outcome& out) {
    flowcontrol::admission_facts asks;
    asks.priority = out.priority;
    asks.level = proxy::criticality_of(*pool.spec, out.model);
    out.sheddable = flowcontrol::is_sheddable(asks);
    out.saturation = flowcontrol::detect_saturation(pool.detector, signals, candidates);
    const auto admission = flowcontrol::admit(asks, *out.saturation);
    if (const auto* no = std::get_if<flowcontrol::rejection>(&admission); no && out.sheddable) {
        out.refuse(no->status, no->reason, std::string(no->text));
        return false;
    }
    if (!candidates.empty()) return true;
    out.refuse(503, "no-endpoints", "no healthy upstream");
    return false;
}

void explain(const proxy::pool_runtime& pool, const dry_request& r, inference_request& request,
             time_point now, dry_outcome& out) {
    std::vector<header_field> fields;
    for (const auto& [name, value] : r.headers) fields.push_back({name, value});
    request.model = out.model;
    request.target_model = out.target_model;
    request.objective = out.objective;
    request.priority = out.priority;
    request.headers = fields;
    if (out.fairness_id.empty())
        out.fairness_id = pool.pipeline->request_header(request).fairness_id;
    if (out.fairness_id.empty()) out.fairness_id = "default-flow";
    request.fairness_id = out.fairness_id;
    out.input_tokens = request.input_tokens();

    auto& signals = out.signals;
    std::vector<std::uint32_t> candidates;
    out.view->read(now, signals, candidates);
    if (!admit(pool, signals, candidates, out)) return;
    if (pool.models != nullptr) {
        const auto lists = pool.models->views().load();
        datalayer::keep_serving(lists.get(), *out.view, out.target_model, candidates);
        if (candidates.empty()) return out.refuse(503, "no-endpoints", "no healthy upstream");
    }
    datalayer::distrust_stale(signals, candidates, pool.detector.staleness_seconds());
    scheduling::workspace scratch;
    const scheduling::decision_input in{request, out.view->endpoints, signals, candidates, now,
                                        r.seed};
    out.explained = pool.pipeline->explain(in, scratch, true);
    const auto& made = out.explained->result;
    if (made.ok()) return;
    const auto reply = proxy::reply_for(made);
    out.refuse(reply.status, reply.reason, made.message);
}

payload::media_counts counts_of(const proxy::pool_runtime& pool, const dry_request& r) {
    if (pool.pipeline == nullptr) return {};
    return proxy::media_counts_of(pool.pipeline->media(),
                                  [&r](std::string_view name) { return r.header(name); });
}

dry_outcome walk(const proxy::pool_runtime& pool, dry_request& r, time_point now) {
    dry_outcome out;
    out.view = pool.view->load();
    const auto path = std::string_view(r.path).substr(0, r.path.find('?'));
    const auto api = payload::classify(path, pool.claims);
    const auto size = r.body.size();
    if (size != 0 && api == api_kind::other && !pool.claims.others_pass) {
        out.refuse(payload::no_parser(path));
        return out;
    }
    r.body.append(padding, '\0');
    payload::request_scanner scanner;
    payload::request_facts facts;
    inference_request request;
    request.request_id = "explain";
    request.api = api;
    if (size != 0) {
        auto refused = scanner.scan(api, {r.body.data(), size}, facts, counts_of(pool, r));
        if (refused && api != api_kind::other) {
            out.refuse(*refused);
            return out;
        }
        if (refused) facts = {};
    }
    request.stream = facts.stream;
    request.max_output_tokens = facts.max_output_tokens;
    request.body_bytes = size;
    request.cache_salt = facts.cache_salt;
    request.prompts = facts.prompts;
    request.media = facts.media;
    if (resolve_names(r, *pool.spec, facts, api, out)) explain(pool, r, request, now, out);
    return out;
}

void write_outcome(json_writer& w, const dry_outcome& o) {
    w.field("status", o.status).field("reason", o.reason).field("message", o.message);
    w.field("model", o.model).field("targetModel", o.target_model).field("rewrite", o.rewrite);
    w.field("objective", o.objective).field("priority", o.priority);
    w.field("fairnessId", o.fairness_id);
    w.field("inputTokens", static_cast<std::uint64_t>(o.input_tokens));
    if (o.saturation) {
        w.key("admission").begin_object().field("sheddable", o.sheddable);
        w.field("saturated", o.saturation->saturated).field("saturation", o.saturation->value);
        w.field("stale", static_cast<std::uint64_t>(o.saturation->stale)).end_object();
    }
    if (!o.explained) return;
    write_explanation(w, *o.explained, o.view->endpoints);
    const auto targets = o.explained->result.primary_targets();
    w.field("endpoint", targets.empty() ? std::string() : o.view->endpoints[targets.front()].id());
    w.field("text", render_explanation(*o.explained, o.view->endpoints, &o.signals));
}

/// The same for a person: what was asked, what came of it, and the table.
std::string tell_outcome(const dry_request& r, const dry_outcome& o, std::string_view pool) {
    std::string out = "POST " + r.path + "  pool " + std::string(pool);
    if (!o.model.empty()) out += "  model " + o.model;
    if (o.target_model != o.model) out += " -> " + o.target_model + " (" + o.rewrite + ")";
    out += "\npriority " + std::to_string(o.priority);
    if (!o.objective.empty()) out += " (objective " + o.objective + ")";
    out += ", about " + std::to_string(o.input_tokens) + " input tokens, seed " +
           std::to_string(r.seed) + "\n";
    if (!o.route.empty()) out += "HTTPRoute " + o.route + " leads there\n";
    if (o.saturation) {
        char level[32];
        std::snprintf(level, sizeof level, "%.2f", o.saturation->value);
        out += std::string("pool ") + (o.saturation->saturated ? "saturated" : "not saturated") +
               ", saturation " + level + (o.sheddable ? ", the request can be shed" : "") + "\n";
    }
    if (o.explained) {
        const auto pick = render_pick(*o.explained, o.view->endpoints);
        if (!pick.empty()) out += "picks " + pick + "\n";
        out += "\n" + render_explanation(*o.explained, o.view->endpoints, &o.signals);
    }
    if (o.status != 200) {
        out += "\nrefused: " + std::to_string(o.status) + " " + o.message + " (" +
               std::string(o.reason) + ")\n";
    }
    return out;
}

}  // namespace

void do_explain(surroundings& s, const asked& a, const answer_fn& answer) {
    json_body body(a.body);
    if (body.has("requestId")) {
        body.only({"requestId"});
        const auto id = body.text("requestId");
        if (!body.problem().empty()) return answer(problem_for(a, 400, body.problem()));
        return tell_past(s, id, a.wants_text(), answer);
    }
    auto request = read_request(body, a.body);
    const auto current = s.about.runtime();
    const auto where = choose_route(current.get(), request, body);
    if (!body.problem().empty()) return answer(problem_for(a, 400, body.problem()));
    const auto* pool = where.pool;
    auto outcome = walk(*pool, request, s.loop.now());
    outcome.route = where.route;
    if (a.wants_text()) return answer(plain_text(tell_outcome(request, outcome, pool->id)));
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("dry", true).field("pool", pool->id);
    w.field("route", outcome.route)
        .field("path", request.path)
        .field("seed", std::to_string(request.seed));
    write_outcome(w, outcome);
    w.end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

explained explain_once(http::event_loop& loop, subject& about, const std::string& document,
                       bool as_text) {
    side_thread side(loop);
    surroundings around{loop, about, side};
    asked a;
    a.method = "POST";
    a.path = "/v1/explain";
    a.body = document;
    a.accept = as_text ? "text/plain" : "application/json";
    explained out;
    do_explain(around, a, [&out](reply r) {
        out.status = r.status;
        out.body = std::move(r.body);
    });
    return out;
}

}  // namespace weir::admin
