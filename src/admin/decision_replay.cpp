#include "admin/decision_replay.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "payload/request.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t most_tokens = std::size_t{1} << 20;
constexpr double same_score = 1e-3;

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
    request.api = payload::classify(r.path);
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
        out.exact = agrees(r, *out.again);
    }
    return out;
}

}  // namespace weir::admin
