#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    double ttft_weight = 0.8;
    double tpot_weight = 0.2;
    bool most = false;
    double kv = 1;
    double queue = 1;
    double prefix = 1;
    data_slot latency = no_slot;
    data_slot match = no_slot;
};

struct members final : plugin_scratch {
    std::vector<std::uint32_t> chosen;  ///< positions of the candidates that are scored
};

/// One dimension of headroom over the scored candidates: |h| mapped to 0..1.
struct dimension {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void add(double h) {
        low = std::min(low, std::fabs(h));
        high = std::max(high, std::fabs(h));
    }
    bool flat() const { return high - low <= 1e-9; }
    double map(double h) const { return flat() ? 0.5 : (std::fabs(h) - low) / (high - low); }
};

/// Headroom under the SLOs as predicted; without predictions a blend of KV cache, queue and prefix
/// (llm-d-router head).
class headroom_buckets final : public plugin_of<scorer> {
  public:
    explicit headroom_buckets(const settings& s) : s_(s) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<members>();
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto& latency = candidates.data->latency[s_.latency];
        const bool any = std::any_of(candidates.indexes.begin(), candidates.indexes.end(),
                                     [&](auto e) { return latency.predicted(e); });
        if (!any) {
            composite(candidates, scores);
            return;
        }
        auto& chosen = context.scratch<members>().chosen;
        const bool positives = choose(candidates, latency, chosen);
        score_chosen(candidates, latency, chosen, positives && s_.most, scores);
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        const auto& latency = candidates.data->latency[s_.latency];
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            if (!latency.predicted(e)) continue;
            out.tell(i, "ttftMs", latency.ttft_ms[e]);
            out.tell(i, "ttftHeadroomMs", latency.ttft_headroom[e]);
            out.tell(i, "tpotMs", latency.tpot_ms[e]);
            out.tell(i, "tpotHeadroomMs", latency.tpot_headroom[e]);
        }
    }

  private:
    void composite(const candidate_view& candidates, std::span<double> scores) const {
        double kv = s_.kv;
        double queue = s_.queue;
        double prefix = s_.prefix;
        const double sum = kv + queue + prefix;
        kv = sum <= 0 ? 1 : kv / sum;
        queue = sum <= 0 ? 0 : queue / sum;
        prefix = sum <= 0 ? 0 : prefix / sum;
        const auto& signals = *candidates.signals;
        double longest = 0;
        for (const auto e : candidates.indexes) longest = std::max(longest, signals.waiting[e]);
        const auto& match = candidates.data->prefix[s_.match];
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            const double relative = longest == 0 ? 1 : (longest - signals.waiting[e]) / longest;
            const bool known = match.present && match.total_blocks > 0;
            const double share = known ? match.matched_blocks[e] / match.total_blocks : 0;
            const double c = kv * (1 - signals.kv_usage[e]) + queue * relative + prefix * share;
            scores[i] = std::round(100 * c) / 100;
        }
    }

    /// Endpoints without a prediction count as headroom 0.
    static bool negative(const latency_prediction& l, std::uint32_t e) {
        return l.predicted(e) && (l.ttft_headroom[e] < 0 || l.tpot_headroom[e] < 0);
    }

    template <class Wanted>
    static bool gather(const candidate_view& candidates, std::vector<std::uint32_t>& chosen,
                       Wanted wanted) {
        chosen.clear();
        for (std::uint32_t i = 0; i < candidates.size(); ++i) {
            if (wanted(candidates[i])) chosen.push_back(i);
        }
        return !chosen.empty();
    }

    /// Which candidates are scored; true when they are those with headroom.
    static bool choose(const candidate_view& candidates, const latency_prediction& l,
                       std::vector<std::uint32_t>& chosen) {
        if (gather(candidates, chosen, [&](auto e) { return !negative(l, e); })) return true;
        if (gather(candidates, chosen, [&](auto e) { return l.dispatched[e] == 0; })) return false;
        const auto tpot_only = [&](auto e) {
            return l.tpot_headroom[e] < 0 && l.ttft_headroom[e] >= 0;
        };
        const auto ttft_only = [&](auto e) {
            return l.ttft_headroom[e] < 0 && l.tpot_headroom[e] >= 0;
        };
        if (gather(candidates, chosen, tpot_only) || gather(candidates, chosen, ttft_only))
            return false;
        gather(candidates, chosen, [](auto) { return true; });
        return false;
    }

    static double headroom(const latency_prediction& l, const std::vector<double>& column,
                           std::uint32_t e) {
        return l.predicted(e) ? column[e] : 0;
    }

    void score_chosen(const candidate_view& candidates, const latency_prediction& l,
                      const std::vector<std::uint32_t>& chosen, bool most,
                      std::span<double> scores) const {
        dimension ttft;
        dimension tpot;
        for (const auto i : chosen) {
            ttft.add(headroom(l, l.ttft_headroom, candidates[i]));
            tpot.add(headroom(l, l.tpot_headroom, candidates[i]));
        }
        const double sum = s_.ttft_weight + s_.tpot_weight;
        double alpha = sum <= 0 ? 1 : s_.ttft_weight / sum;
        double beta = sum <= 0 ? 0 : s_.tpot_weight / sum;
        if (ttft.flat() != tpot.flat()) {
            alpha = ttft.flat() ? 0 : 1;
            beta = 1 - alpha;
        }
        for (const auto i : chosen) {
            const double c = alpha * ttft.map(headroom(l, l.ttft_headroom, candidates[i])) +
                             beta * tpot.map(headroom(l, l.tpot_headroom, candidates[i]));
            scores[i] = (std::trunc((most ? c : 1 - c) * 100) + 1) / 100;
        }
    }

    settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    s.ttft_weight = p.number("ttftWeight", s.ttft_weight);
    s.tpot_weight = p.number("tpotWeight", s.tpot_weight);
    s.most = p.text("headroomSelectionStrategy", "least") == "most";
    s.kv = p.number("compositeKVWeight", s.kv);
    s.queue = p.number("compositeQueueWeight", s.queue);
    s.prefix = p.number("compositePrefixWeight", s.prefix);
    const auto latency = p.text("latencyPredictionInfoProducerName", "");
    const auto match = p.text("prefixMatchInfoProducerName", "");
    s.latency = context.consume(data_kind::latency_prediction, latency, data_need::required);
    s.match = context.consume(data_kind::prefix_match, match, data_need::required);
    return std::make_unique<headroom_buckets>(s);
}

constexpr parameter_doc docs[] = {
    {"ttftWeight", "float", "0.8", "share of the time to the first token"},
    {"tpotWeight", "float", "0.2", "share of the time per output token"},
    {"headroomSelectionStrategy", "string", "least",
     "least: just enough headroom; most: as much as there is"},
    {"compositeKVWeight", "float", "1", "KV cache share where nothing is predicted"},
    {"compositeQueueWeight", "float", "1", "queue share where nothing is predicted"},
    {"compositePrefixWeight", "float", "1", "prefix share where nothing is predicted"},
    {"latencyPredictionInfoProducerName", "string", "predicted-latency-producer",
     "whose predictions to read"},
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
};

}  // namespace

extern const plugin_type latency_scorer = {
    .name = "latency-scorer",
    .level = stability::beta,
    .summary = "prefers endpoints predicted to meet the request's SLOs",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
