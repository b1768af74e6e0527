#include <algorithm>
#include <limits>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

enum class ttft_source : std::uint8_t { prefill_throughput, latency_predictor };

struct settings {
    double threshold = 0.8;
    double exploration = 0;
    double max_penalty_ms = 18000;
    ttft_source source = ttft_source::prefill_throughput;
    double peak_throughput = 15928;  ///< tokens per second
    data_slot match = no_slot;
    data_slot latency = no_slot;
};

/// Narrows to endpoints that hold most of the prompt, unless they would answer much later than the
/// rest.
class sticky final : public plugin_of<filter> {
  public:
    explicit sticky(const settings& s) : s_(s) {}

    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        if (candidates.size() <= 1 || s_.threshold <= 0) return;
        if (s_.exploration > 0 && context.random.unit() < s_.exploration) return;
        const auto& match = candidates.data->prefix[s_.match];
        if (!match.present || match.total_blocks <= 0) return;
        double best_sticky = std::numeric_limits<double>::max();
        double best_other = std::numeric_limits<double>::max();
        std::size_t count = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const bool holds =
                match.matched_blocks[candidates[i]] / match.total_blocks >= s_.threshold;
            keep[i] = holds ? 1 : 0;
            count += holds ? 1 : 0;
            auto& best = holds ? best_sticky : best_other;
            best = std::min(best, ttft(candidates, candidates[i]));
        }
        const bool too_late = s_.max_penalty_ms > 0 && count != candidates.size() &&
                              best_sticky - best_other > s_.max_penalty_ms;
        if (count == 0 || too_late) std::fill(keep.begin(), keep.end(), std::uint8_t{1});
    }

  private:
    double ttft(const candidate_view& candidates, std::uint32_t i) const {
        if (s_.source == ttft_source::prefill_throughput) {
            return candidates.signals->inflight_tokens[i] / s_.peak_throughput * 1000;
        }
        const auto& latency = candidates.data->latency[s_.latency];
        return latency.predicted(i) ? latency.ttft_ms[i] : std::numeric_limits<double>::max();
    }

    settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    s.threshold = p.number("affinityThreshold", s.threshold, {.max = 1});
    s.exploration = p.number("explorationProbability", s.exploration, between(0, 1));
    s.max_penalty_ms = p.number("maxTTFTPenaltyMs", s.max_penalty_ms, at_least(0));
    const auto source =
        p.one_of("ttftSource", "prefillThroughput", {"prefillThroughput", "latencyPredictor"});
    s.source = source == "latencyPredictor" ? ttft_source::latency_predictor
                                            : ttft_source::prefill_throughput;
    s.peak_throughput = p.number("peakPrefillThroughput", s.peak_throughput, at_least(0));
    const bool gate = s.max_penalty_ms > 0;
    const bool throughput = s.source == ttft_source::prefill_throughput;
    if (gate && throughput && s.peak_throughput <= 0) {
        p.reject("peakPrefillThroughput", "peakPrefillThroughput must be > 0");
    }
    const auto match = p.text("prefixMatchInfoProducerName", "");
    const auto latency = p.text("latencyPredictionInfoProducerName", "");
    const auto load = p.text("inFlightLoadProducerName", "");
    s.match = context.consume(data_kind::prefix_match, match, data_need::required);
    if (!throughput) {
        s.latency = context.consume(data_kind::latency_prediction, latency,
                                    gate ? data_need::required : data_need::optional);
    } else if (gate) {
        context.consume(data_kind::inflight_load, load, data_need::required);
    }
    return std::make_unique<sticky>(s);
}

constexpr parameter_doc docs[] = {
    {"affinityThreshold", "float", "0.80",
     "share of the prompt an endpoint must hold; <= 0 switches the filter off"},
    {"explorationProbability", "float", "0", "share of requests that pass unfiltered"},
    {"maxTTFTPenaltyMs", "float", "18000",
     "how much later the sticky endpoints may answer; 0: never mind"},
    {"ttftSource", "string", "prefillThroughput", "prefillThroughput or latencyPredictor"},
    {"peakPrefillThroughput", "float", "15928", "prompt tokens per second of one endpoint"},
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
    {"latencyPredictionInfoProducerName", "string", "predicted-latency-producer",
     "whose predictions to read"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
};

}  // namespace

extern const plugin_type prefix_cache_affinity_filter = {
    .name = "prefix-cache-affinity-filter",
    .level = stability::beta,
    .summary = "narrows to endpoints that hold most of the prompt",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
