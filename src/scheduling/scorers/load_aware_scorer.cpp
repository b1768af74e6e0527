#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// 0.5 without a queue, falling to 0 at the threshold.
class short_of_threshold final : public plugin_of<scorer> {
  public:
    explicit short_of_threshold(double threshold) : threshold_(threshold) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const double q = candidates.signals->waiting[candidates[i]];
            scores[i] = q == 0 ? 0.5 : 0.5 * (1 - std::min(q, threshold_) / threshold_);
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        tell_column(out, candidates, "waiting", candidates.signals->waiting);
    }

  private:
    double threshold_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto threshold = p.integer("threshold", 128);
    context.consume(data_kind::core_metrics, {}, data_need::required);
    return std::make_unique<short_of_threshold>(threshold <= 0 ? 128
                                                               : static_cast<double>(threshold));
}

constexpr parameter_doc docs[] = {
    {"threshold", "int", "128", "queue length that scores 0; below 1 counts as 128"},
};

}  // namespace

extern const plugin_type load_aware_scorer = {
    .name = "load-aware-scorer",
    .level = stability::beta,
    .summary = "0.5 without a queue, falling to 0 at a threshold",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
