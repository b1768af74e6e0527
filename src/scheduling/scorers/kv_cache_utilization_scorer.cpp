#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class free_kv_cache final : public plugin_of<scorer> {
  public:
    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            scores[i] = 1 - candidates.signals->kv_usage[candidates[i]];
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        tell_column(out, candidates, "kvUsage", candidates.signals->kv_usage);
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    p.ignore_all();
    context.consume(data_kind::core_metrics, {}, data_need::required);
    return std::make_unique<free_kv_cache>();
}

}  // namespace

extern const plugin_type kv_cache_utilization_scorer = {
    .name = "kv-cache-utilization-scorer",
    .level = stability::beta,
    .summary = "prefers the emptiest KV cache: 1 - usage",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
