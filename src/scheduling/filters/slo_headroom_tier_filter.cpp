#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Keeps the endpoints predicted to meet the SLOs; now and then the others, to learn.
class headroom_tiers final : public plugin_of<filter> {
  public:
    headroom_tiers(data_slot latency, double explore) : latency_(latency), explore_(explore) {}

    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const auto& latency = candidates.data->latency[latency_];
        if (candidates.size() <= 1 || !latency.present) return;
        std::size_t predicted = 0;
        std::size_t positive = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            const bool known = latency.predicted(e);
            const bool fits =
                known && latency.ttft_headroom[e] >= 0 && latency.tpot_headroom[e] >= 0;
            predicted += known ? 1 : 0;
            positive += fits ? 1 : 0;
            keep[i] = fits ? 1 : 0;
        }
        if (predicted == 0 || positive == 0 || positive == candidates.size()) {
            std::fill(keep.begin(), keep.end(), std::uint8_t{1});
            return;
        }
        if (context.random.unit() >= explore_) return;
        for (auto& k : keep) k = k != 0 ? 0 : 1;
    }

  private:
    data_slot latency_;
    double explore_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const double explore = p.number("epsilonExploreNeg", 0.01, between(0, 1));
    const auto producer = p.text("latencyPredictionInfoProducerName", "");
    const auto slot = context.consume(data_kind::latency_prediction, producer, data_need::required);
    return std::make_unique<headroom_tiers>(slot, explore);
}

constexpr parameter_doc docs[] = {
    {"epsilonExploreNeg", "float", "0.01",
     "share of requests sent to the tier that misses the SLOs"},
    {"latencyPredictionInfoProducerName", "string", "predicted-latency-producer",
     "whose predictions to read"},
};

}  // namespace

extern const plugin_type slo_headroom_tier_filter = {
    .name = "slo-headroom-tier-filter",
    .level = stability::beta,
    .summary = "keeps the endpoints predicted to meet the request's SLOs",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
