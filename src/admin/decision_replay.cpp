#include "admin/decision_replay.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "admin/decision_json.hpp"
#include "payload/request.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t most_tokens = std::size_t{1} << 20;
constexpr double same_score = 1e-5;  // among many endpoints totals are kept as floats

/// The signals that were read then, in the columns of today's view. What the record does not keep
/// (adapters, block sizes) is as it is now.
std::vector<std::uint32_t> recall_signals(const proxy::decision_record& r,
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

std::vector<header_field> recall_headers(const proxy::decision_record& r) {
    std::vector<header_field> out;
    for (std::string_view rest = r.headers; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos)
            out.push_back({line.substr(0, colon), line.substr(colon + 2)});
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return out;
}

scheduling::explanation decide_again(const proxy::decision_record& r,
                                     const proxy::pool_runtime& pool, time_point now,
                                     replayed& out) {
    inference_request request;
    request.request_id = r.request_id;
    request.model = r.model;
    request.target_model = r.target_model;
    request.objective = r.objective;
    request.fairness_id = r.fairness_id;
    request.priority = r.priority;
    request.stream = r.stream;
    request.api = payload::classify(r.path, pool.claims);
    const auto headers = recall_headers(r);
    request.headers = headers;
    const std::string text(std::min<std::size_t>(r.input_tokens, most_tokens) * 4, ' ');
    const prompt only{text};
    request.prompts = std::span<const prompt>(&only, 1);

    const auto candidates = recall_signals(r, *out.view, now, out.signals);
    scheduling::workspace scratch;
    const scheduling::decision_input in{request, out.view->endpoints, out.signals, candidates, now,
                                        r.seed};
    // The first call shapes the workspace to this pipeline; then it is given what was known.
    pool.pipeline->explain(in, scratch, false);
    recall_prefixes(r, out.view->size(), scratch.data());
    return pool.pipeline->explain(in, scratch, false);
}

/// The profile whose first pick got the request; null when it did not run.
scheduling::profile_explanation* primary_of(scheduling::explanation& what,
                                            const scheduling::pipeline& pipeline) {
    const auto names = pipeline.profile_names();
    for (auto& p : what.profiles) {
        if (what.result.primary < names.size() && p.name == names[what.result.primary]) return &p;
    }
    return nullptr;
}

/// Whether the primary profile let through and scored now what is recorded.
bool agrees(const proxy::decision_record& r, const scheduling::profile_explanation* p) {
    std::size_t at = 0;
    for (const auto& c : r.candidates) {
        if (c.filtered) continue;
        const bool same = p != nullptr && at < p->survivors.size() && at < p->totals.size() &&
                          p->survivors[at] == c.endpoint &&
                          std::abs(p->totals[at] - c.total) < same_score;
        if (!same) return false;
        ++at;
    }
    return p == nullptr || at == p->survivors.size();
}

/// What the scorers said then, into the verdicts of now; false when the record does not have it.
bool recall_scorers(const std::vector<const proxy::recorded_candidate*>& scored,
                    scheduling::profile_explanation& p) {
    const bool wide = scored.size() > scheduling::workspace::most_noted;
    if (p.scorers.size() > (wide ? 1 : proxy::kept_scores)) return false;
    for (std::size_t k = 0; k < p.scorers.size(); ++k) {
        auto& s = p.scorers[k];
        if (wide && s.weight == 0) return false;
        bool same = true;
        for (std::size_t i = 0; i < scored.size(); ++i) {
            const auto raw =
                wide ? scored[i]->total / s.weight : static_cast<double>(scored[i]->scores[k]);
            same = same && std::abs(raw - s.raw[i]) < same_score;
            s.raw[i] = raw;
            s.clamped[i] = std::clamp(raw, 0.0, 1.0);
            s.weighted[i] = s.clamped[i] * s.weight;
        }
        if (!same) s.inputs.clear();  // those of today
    }
    return true;
}

/// Puts the scores that were written down in the place of those that came out now. False when the
/// record does not hold them all, or the filters decide otherwise today.
bool recall_scores(const proxy::decision_record& r, scheduling::explanation& now,
                   scheduling::profile_explanation* p) {
    if (p == nullptr || p->status != profile_status::ran || now.result.primary_targets().empty())
        return false;
    std::vector<const proxy::recorded_candidate*> scored;
    std::vector<std::uint32_t> survivors;
    const proxy::recorded_candidate* picked = nullptr;
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        const auto& c = r.candidates[i];
        if (c.filtered) continue;
        scored.push_back(&c);
        survivors.push_back(c.endpoint);
        if (candidate_name(r, i) == r.endpoint) picked = &c;
    }
    if (survivors != p->survivors || picked == nullptr || !recall_scorers(scored, *p)) return false;
    for (std::size_t i = 0; i < scored.size(); ++i) p->totals[i] = scored[i]->total;
    p->picks = {picked->endpoint};
    now.result.targets[now.result.result_of(now.result.primary)->first] = picked->endpoint;
    return true;
}

}  // namespace

void name_candidates(const proxy::runtime* current, proxy::decision_record& r) {
    if (current == nullptr) return;
    for (const auto& p : current->pools) {
        const auto view = p.id == r.pool && p.view ? p.view->load() : nullptr;
        if (!view || view->version != r.view_version) continue;
        r.endpoint_names.clear();
        for (const auto& c : r.candidates) {
            r.endpoint_names.push_back(c.endpoint < view->size() ? view->endpoints[c.endpoint].id()
                                                                 : std::string());
        }
    }
}

replayed replay(const proxy::runtime* current, const proxy::decision_record& r, time_point now) {
    replayed out;
    if (current == nullptr) return out;
    for (const auto& p : current->pools) {
        if (p.id != r.pool || !p.view) continue;
        out.view = p.view->load();
        const bool unchanged = out.view && out.view->version == r.view_version &&
                               current->version == r.runtime_version && p.pipeline != nullptr;
        if (!unchanged || r.candidates.empty()) continue;
        out.again = decide_again(r, p, now, out);
        auto* primary = primary_of(*out.again, *p.pipeline);
        if (agrees(r, primary)) {
            out.source = score_source::recomputed;
        } else if (recall_scores(r, *out.again, primary)) {
            out.source = score_source::recorded;
        }
    }
    return out;
}

}  // namespace weir::admin
