#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// 1 − (tokens in flight + uncached tokens of this request) / threshold, not below 0.
class few_tokens final : public plugin_of<scorer> {
  public:
    few_tokens(data_slot uncached, double threshold) : uncached_(uncached), threshold_(threshold) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto& uncached = candidates.data->numbers[uncached_];
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            const double t = candidates.signals->inflight_tokens[e] + uncached.get(e, 0);
            scores[i] = t <= 0 ? 1 : 1 - std::min(t, threshold_) / threshold_;
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        tell_column(out, candidates, "inFlightTokens", candidates.signals->inflight_tokens);
        const auto& uncached = candidates.data->numbers[uncached_];
        for (std::size_t i = 0; i < candidates.size(); ++i)
            out.tell(i, "uncachedTokens", uncached.get(candidates[i], 0));
    }

  private:
    data_slot uncached_;
    double threshold_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    constexpr std::int64_t fallback = 4194304;
    const auto threshold = p.integer("queueThresholdTokens", fallback);
    const auto producer = p.text("inFlightLoadProducerName", "");
    const auto slot = context.consume(data_kind::uncached_tokens, producer, data_need::required);
    return std::make_unique<few_tokens>(slot,
                                        static_cast<double>(threshold <= 0 ? fallback : threshold));
}

constexpr parameter_doc docs[] = {
    {"queueThresholdTokens", "int", "4194304",
     "tokens that score 0; below 1 counts as the default"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
};

}  // namespace

extern const plugin_type token_load_scorer = {
    .name = "token-load-scorer",
    .level = stability::beta,
    .summary = "prefers the fewest prompt tokens in flight",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
