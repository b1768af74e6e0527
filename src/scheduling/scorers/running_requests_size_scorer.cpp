#include <memory>

#include "scheduling/scorers/lowest_is_best.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class fewest_running final : public plugin_of<scorer> {
  public:
    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        score_lowest_best(candidates.signals->running, candidates, scores);
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        tell_column(out, candidates, "running", candidates.signals->running);
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    p.ignore_all();
    context.consume(data_kind::core_metrics, {}, data_need::required);
    return std::make_unique<fewest_running>();
}

}  // namespace

extern const plugin_type running_requests_size_scorer = {
    .name = "running-requests-size-scorer",
    .level = stability::beta,
    .summary = "prefers the fewest running requests",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
