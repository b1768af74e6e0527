// /v1/decisions and /v1/decisions/ID: what was decided, and why.
#include <algorithm>
#include <cstdio>

#include "admin/decision_json.hpp"
#include "admin/decision_replay.hpp"
#include "admin/explain_render.hpp"
#include "admin/page.hpp"
#include "base/strings.hpp"
#include "gateway/query.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t most = 10'000;

void write_candidates(json_writer& w, const proxy::decision_record& r) {
    w.key("candidates").begin_array();
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        const auto& c = r.candidates[i];
        w.begin_object().field("endpoint", candidate_name(r, i));
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

void write_scores(json_writer& w, const proxy::decision_record& r, const replayed& p) {
    w.key("explanation").begin_object();
    if (!p.again) {
        w.field("source", "recorded");
        w.field("note", r.candidates.empty()
                            ? "no endpoint was considered"
                            : "the configuration or the endpoints have changed since; the totals "
                              "are those of then");
    } else {
        w.field("source", p.source == score_source::recorded ? "recorded scores" : "recomputed");
        w.field("exact", p.exact());
        write_explanation(w, *p.again, p.view->endpoints);
        w.field("text", render_explanation(*p.again, p.view->endpoints, &p.signals));
    }
    w.end_object();
}

/// What was recorded, with a mark before the endpoint that was picked.
std::string tell_totals(const proxy::decision_record& r) {
    std::string out;
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        const auto name = candidate_name(r, i);
        char total[32];
        std::snprintf(total, sizeof total, "%.4f", r.candidates[i].total);
        out += (name == r.endpoint ? "  > " : "    ") + name + "  " +
               (r.candidates[i].filtered ? "filtered" : total) + "\n";
    }
    return out;
}

/// Which endpoint was picked and by how much; empty when none was.
std::string tell_pick(const proxy::decision_record& r) {
    if (r.endpoint.empty()) return {};
    double picked = 0;
    std::vector<double> others;
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        if (r.candidates[i].filtered) continue;
        if (candidate_name(r, i) == r.endpoint) {
            picked = r.candidates[i].total;
        } else {
            others.push_back(r.candidates[i].total);
        }
    }
    return "picked " + r.endpoint + ": " + render_margin(picked, others) + "\n";
}

/// One try after the other, where the first was not the last; empty when it was.
std::string tell_attempts(const proxy::decision_record& r) {
    const bool as_picked = r.attempts.size() == 1 && r.attempts.front().status != 0;
    if (r.attempts.empty() || as_picked) return {};
    std::string out = "tried ";
    for (std::size_t i = 0; i < r.attempts.size(); ++i) {
        const auto status = r.attempts[i].status;
        out += (i == 0 ? "" : ", then ") + attempt_name(r, i) + ": " +
               (status == 0 ? "no answer" : std::to_string(status));
    }
    return out + "\n";
}

std::string tell_times(const proxy::decision_record& r) {
    if (r.total_ms < 0) return "not answered yet\n";
    char text[96];
    if (r.first_byte_ms < 0) {
        std::snprintf(text, sizeof text, "ended after %.1f ms\n", double{r.total_ms});
    } else {
        std::snprintf(text, sizeof text, "first byte after %.1f ms, end after %.1f ms\n",
                      double{r.first_byte_ms}, double{r.total_ms});
    }
    return text;
}

/// The request and what became of it, in a few lines.
std::string tell_outline(const proxy::decision_record& r) {
    std::string out = r.path + "  pool " + r.pool;
    out += r.model.empty() ? "  no model" : "  model " + r.model;
    if (r.target_model != r.model) out += " -> " + r.target_model;
    out += "\nrequest " + r.request_id + ", priority " + std::to_string(r.priority) + ", status " +
           std::to_string(r.status) + (r.reason.empty() ? "" : " (" + r.reason + ")");
    if (!r.objective.empty()) out += ", objective " + r.objective;
    if (!r.fairness_id.empty()) out += ", flow " + r.fairness_id;
    return out + "\n" + rfc3339(r.wall_ms) + ", " + tell_times(r) + tell_pick(r) +
           tell_attempts(r) + "\n";
}

/// The same for a person: the request, what became of it, and the table.
std::string tell_decision(const proxy::decision_record& r, const replayed& p) {
    const auto out = tell_outline(r);
    if (r.candidates.empty()) {
        return out + "weir answered " + std::to_string(r.status) +
               " itself before an endpoint was chosen: " + r.reason + "\n";
    }
    if (!p.again) {
        return out + "the configuration or the endpoints have changed since; totals then:\n" +
               tell_totals(r);
    }
    const auto scores = render_explanation(*p.again, p.view->endpoints, &p.signals);
    if (p.exact()) return out + scores;
    return out + "totals then:\n" + tell_totals(r) +
           "\nnot all that it was decided on is recorded; the same signals give today:\n\n" +
           scores;
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
    s.about.decisions(limit, {}, [&s, answer](std::vector<proxy::decision_record> all) {
        const auto current = s.about.runtime();
        for (auto& r : all) {
            if (r.attempts.size() > 1) name_candidates(current.get(), r);
        }
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
    const auto tail = a.path.substr(std::string_view("/v1/decisions/").size());
    tell_past(s, gateway::decode_path(tail), a.wants_text(), answer);
}

void tell_past(surroundings& s, const std::string& id, bool text, const answer_fn& answer) {
    s.about.decisions(
        1, id, [&s, id, answer, text](const std::vector<proxy::decision_record>& all) {
            if (all.empty()) {
                const auto why = "no decision of request " + id +
                                 " is kept: it reached no pool, or too many have come since";
                return answer(text ? plain_text(why + "\n", 404) : problem(404, why));
            }
            auto r = all.front();
            const auto current = s.about.runtime();
            name_candidates(current.get(), r);
            const auto again = replay(current.get(), r, s.loop.now());
            if (text) return answer(plain_text(tell_decision(r, again)));
            json_writer w;
            w.begin_object().field("apiVersion", "v1");
            write_decision_members(w, r);
            write_candidates(w, r);
            write_scores(w, r, again);
            w.end_object();
            reply out;
            out.body = w.take() + "\n";
            answer(std::move(out));
        });
}

}  // namespace weir::admin
