// /v1/decisions and /v1/decisions/ID: what was decided, and why.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "admin/decision_json.hpp"
#include "admin/explain_render.hpp"
#include "admin/page.hpp"
#include "base/strings.hpp"
#include "payload/request.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t most = 10'000;
constexpr std::size_t most_tokens = std::size_t{1} << 20;
constexpr double same_score = 1e-3;

/// The pool of a decision as it is now, when nothing that decided has changed since.
struct same_pool {
    const proxy::pool_runtime* pool = nullptr;
    std::shared_ptr<const datalayer::pool_view> view;  ///< of today, whatever its version
    bool unchanged = false;
};

same_pool find_pool(const proxy::runtime* current, const proxy::decision_record& r) {
    same_pool out;
    if (current == nullptr) return out;
    for (const auto& p : current->pools) {
        if (p.id != r.pool || !p.view) continue;
        out.pool = &p;
        out.view = p.view->load();
        out.unchanged = out.view && out.view->version == r.view_version &&
                        current->version == r.runtime_version && p.pipeline != nullptr;
    }
    return out;
}

/// Names and addresses of the candidates where the record or an unchanged view has them.
std::string name_of(const proxy::decision_record& r, std::size_t i, const same_pool& p) {
    const auto index = r.candidates[i].endpoint;
    if (r.endpoint_names.empty() && p.view && p.view->version == r.view_version &&
        index < p.view->size()) {
        return p.view->endpoints[index].id();
    }
    return candidate_name(r, i);
}

void write_candidates(json_writer& w, const proxy::decision_record& r, const same_pool& p) {
    w.key("candidates").begin_array();
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        const auto& c = r.candidates[i];
        w.begin_object().field("endpoint", name_of(r, i, p));
        w.field("waiting", static_cast<double>(c.waiting));
        w.field("running", static_cast<double>(c.running));
        w.field("kvUsage", c.kv_usage);
        w.field("ageSeconds", static_cast<double>(c.age_seconds));
        w.field("inFlight", static_cast<double>(c.inflight));
        w.field("matchedBlocks", static_cast<double>(c.matched_blocks));
        w.field("filtered", c.filtered);
        if (c.filtered) {
            w.key("total").null();
        } else {
            w.field("total", c.total);
        }
        w.end_object();
    }
    w.end_array().field("totalBlocks", static_cast<double>(r.total_blocks));
    w.field("blockTokens", static_cast<double>(r.block_tokens));
}

/// The signals that were read then, in the columns of today's view. What the record does not keep
/// (adapters, block sizes) is as it is now.
std::vector<std::uint32_t> recorded_signals(const proxy::decision_record& r,
                                            const datalayer::pool_view& view, time_point now,
                                            signal_columns& out) {
    std::vector<std::uint32_t> candidates;
    view.read(now, out, candidates);
    candidates.clear();
    for (const auto& c : r.candidates) {
        if (c.endpoint >= view.size()) continue;
        candidates.push_back(c.endpoint);
        out.waiting[c.endpoint] = static_cast<double>(c.waiting);
        out.running[c.endpoint] = static_cast<double>(c.running);
        out.kv_usage[c.endpoint] = c.kv_usage;
        out.age_seconds[c.endpoint] = static_cast<double>(c.age_seconds);
        out.inflight_requests[c.endpoint] = static_cast<double>(c.inflight);
        out.inflight_tokens[c.endpoint] = static_cast<double>(c.inflight_tokens);
    }
    return candidates;
}

void recall_prefixes(const proxy::decision_record& r, std::size_t endpoints, producer_data& data) {
    if (data.prefix.empty() || r.total_blocks <= 0) return;
    auto& p = data.prefix.front();
    p.reset(endpoints, static_cast<double>(r.total_blocks), static_cast<double>(r.block_tokens));
    for (const auto& c : r.candidates) {
        if (c.endpoint < endpoints)
            p.matched_blocks[c.endpoint] = static_cast<double>(c.matched_blocks);
    }
}

/// Whether the scores that came out now are those that were recorded.
bool agrees(const proxy::decision_record& r, const scheduling::explanation& now) {
    for (const auto& c : r.candidates) {
        bool found = false;
        for (const auto& p : now.profiles) {
            for (std::size_t i = 0; i < p.survivors.size() && i < p.totals.size(); ++i) {
                found = found || (p.survivors[i] == c.endpoint &&
                                  std::abs(p.totals[i] - c.total) < same_score);
            }
        }
        if (!found && !c.filtered) return false;
    }
    return true;
}

scheduling::explanation decide_again(const proxy::decision_record& r, const same_pool& p,
                                     time_point now) {
    inference_request request;
    request.request_id = r.request_id;
    request.model = r.model;
    request.target_model = r.target_model;
    request.objective = r.objective;
    request.fairness_id = r.fairness_id;
    request.priority = r.priority;
    request.stream = r.stream;
    request.api = payload::classify(r.path);
    const std::string text(std::min<std::size_t>(r.input_tokens, most_tokens) * 4, ' ');
    const prompt only{text};
    request.prompts = std::span<const prompt>(&only, 1);

    signal_columns signals;
    const auto candidates = recorded_signals(r, *p.view, now, signals);
    scheduling::workspace scratch;
    const scheduling::decision_input in{request, p.view->endpoints, signals, candidates, now,
                                        r.seed};
    // The first call shapes the workspace to this pipeline; then it is given what was known.
    p.pool->pipeline->explain(in, scratch, false);
    recall_prefixes(r, p.view->size(), scratch.data());
    return p.pool->pipeline->explain(in, scratch, false);
}

void write_scores(json_writer& w, const proxy::decision_record& r, const same_pool& p,
                  time_point now) {
    if (!p.unchanged || r.candidates.empty()) {
        w.key("explanation").begin_object().field("source", "recorded");
        w.field("note", r.candidates.empty()
                            ? "no endpoint was considered"
                            : "the configuration or the endpoints have changed since; the totals "
                              "are those of then");
        w.end_object();
        return;
    }
    const auto again = decide_again(r, p, now);
    w.key("explanation").begin_object().field("source", "recomputed");
    w.field("exact", agrees(r, again));
    write_explanation(w, again, p.view->endpoints);
    w.field("text", render_explanation(again, p.view->endpoints)).end_object();
}

/// What was recorded, with a mark before the endpoint that was picked.
std::string tell_totals(const proxy::decision_record& r, const same_pool& p) {
    std::string out;
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        const auto name = name_of(r, i, p);
        char total[32];
        std::snprintf(total, sizeof total, "%.4f", r.candidates[i].total);
        out += (name == r.endpoint ? "  > " : "    ") + name + "  " +
               (r.candidates[i].filtered ? "filtered" : total) + "\n";
    }
    return out;
}

/// The same for a person: the request, what became of it, and the table.
std::string tell_decision(const proxy::decision_record& r, const same_pool& p, time_point now) {
    std::string out = r.path + "  pool " + r.pool + "  model " + r.model;
    if (r.target_model != r.model) out += " -> " + r.target_model;
    out += "\nrequest " + r.request_id + ", priority " + std::to_string(r.priority) + ", status " +
           std::to_string(r.status) + (r.reason.empty() ? "" : " (" + std::string(r.reason) + ")") +
           "\n\n";
    if (r.candidates.empty()) return out + "no endpoint was considered\n";
    if (!p.unchanged) {
        return out + "the configuration or the endpoints have changed since; totals then:\n" +
               tell_totals(r, p);
    }
    const auto again = decide_again(r, p, now);
    const auto scores = render_explanation(again, p.view->endpoints);
    if (agrees(r, again)) return out + scores;
    return out + "totals then:\n" + tell_totals(r, p) +
           "\na scorer has learned since; the same signals give today:\n\n" + scores;
}

}  // namespace

void show_decisions(surroundings& s, const asked& a, const answer_fn& answer) {
    std::size_t limit = default_limit;
    std::string text;
    if (a.parameter("limit", text)) {
        const auto n = parse_int(text);
        if (!n || *n < 0) return answer(problem(400, "limit must be a number from 0 on"));
        limit = static_cast<std::size_t>(std::min<std::int64_t>(*n, most));
    }
    s.about.decisions(limit, {}, [answer](const std::vector<proxy::decision_record>& all) {
        json_writer w;
        w.begin_object().field("apiVersion", "v1").key("decisions").begin_array();
        for (const auto& r : all) {
            w.begin_object();
            write_decision_members(w, r);
            w.end_object();
        }
        w.end_array().end_object();
        reply r;
        r.body = w.take() + "\n";
        answer(std::move(r));
    });
}

void show_decision(surroundings& s, const asked& a, const answer_fn& answer) {
    const auto id = a.path.substr(std::string_view("/v1/decisions/").size());
    s.about.decisions(
        1, id,
        [&s, id, answer, text = a.wants_text()](const std::vector<proxy::decision_record>& all) {
            if (all.empty())
                return answer(problem(404, "no decision of request " + id + " is kept"));
            const auto& r = all.front();
            const auto current = s.about.runtime();
            const auto pool = find_pool(current.get(), r);
            if (text) {
                reply plain;
                plain.type = "text/plain; charset=utf-8";
                plain.body = tell_decision(r, pool, s.loop.now());
                return answer(std::move(plain));
            }
            json_writer w;
            w.begin_object().field("apiVersion", "v1");
            write_decision_members(w, r);
            write_candidates(w, r, pool);
            write_scores(w, r, pool, s.loop.now());
            w.end_object();
            reply out;
            out.body = w.take() + "\n";
            answer(std::move(out));
        });
}

}  // namespace weir::admin
