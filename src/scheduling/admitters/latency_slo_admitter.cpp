#include <algorithm>
#include <memory>

#include "scheduling/slo_headers.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

constexpr double nearly_empty_kv = 0.02;

/// Turns away requests of negative priority whose SLO no endpoint can meet.
class feasible final : public plugin_of<admitter> {
  public:
    explicit feasible(data_slot latency) : latency_(latency) {}

    std::string admit(const decision_context& context, const candidate_view& candidates) override {
        const auto& request = context.request;
        if (request.priority >= 0 || (ttft_slo_ms(request) <= 0 && tpot_slo_ms(request) <= 0))
            return {};
        const auto& latency = candidates.data->latency[latency_];
        const auto any = [&](auto test) {
            return std::any_of(candidates.indexes.begin(), candidates.indexes.end(), test);
        };
        if (!any([&](auto e) { return latency.predicted(e); })) return {};
        const auto& signals = *candidates.signals;
        const bool hope = any([&](auto e) {
            return (latency.predicted(e) && latency.valid[e] != 0) || signals.running[e] == 0 ||
                   signals.kv_usage[e] < nearly_empty_kv;
        });
        return hope ? "" : "no valid endpoint available to serve the request";
    }

  private:
    data_slot latency_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto producer = p.text("latencyPredictionInfoProducerName", "");
    return std::make_unique<feasible>(
        context.consume(data_kind::latency_prediction, producer, data_need::required));
}

constexpr parameter_doc docs[] = {
    {"latencyPredictionInfoProducerName", "string", "predicted-latency-producer",
     "whose predictions to read"},
};

}  // namespace

extern const plugin_type latency_slo_admitter = {
    .name = "latency-slo-admitter",
    .level = stability::beta,
    .summary = "turns away requests of negative priority whose SLO no endpoint can meet",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
