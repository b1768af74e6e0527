#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

bool holds(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Adapter running: 1; room for one more: 0.8; adapter waiting: 0.6; else 0. Room is tested before
/// waiting.
double affinity(const lora_state& state, std::string_view adapter) {
    if (holds(state.active, adapter)) return 1;
    const auto loaded = state.active.size() + state.waiting.size();
    if (state.max_active > 0 && loaded < static_cast<std::size_t>(state.max_active)) return 0.8;
    return holds(state.waiting, adapter) ? 0.6 : 0;
}

class adapter_at_hand final : public plugin_of<scorer> {
  public:
    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* state = candidates.signals->lora[candidates[i]];
            scores[i] = state == nullptr ? 0 : affinity(*state, context.request.target_model);
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* state = candidates.signals->lora[candidates[i]];
            if (state == nullptr) continue;
            out.tell(i, "adaptersRunning", static_cast<double>(state->active.size()));
            out.tell(i, "adaptersWaiting", static_cast<double>(state->waiting.size()));
            out.tell(i, "maxAdapters", state->max_active);
        }
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    p.ignore_all();
    context.consume(data_kind::core_metrics, {}, data_need::required);
    return std::make_unique<adapter_at_hand>();
}

}  // namespace

extern const plugin_type lora_affinity_scorer = {
    .name = "lora-affinity-scorer",
    .level = stability::beta,
    .summary = "prefers endpoints that hold the request's LoRA adapter or have room for it",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
