#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Prefill elsewhere when the decode endpoint would have to compute many tokens itself.
class many_uncached final : public plugin_of<decider> {
  public:
    many_uncached(data_slot match, double uncached, double prompt)
        : match_(match), uncached_(uncached), prompt_(prompt) {}

    bool wanted(const decision_context& context, const candidate_view& candidates,
                std::uint32_t chosen) const override {
        if (uncached_ <= 0 || chosen == decision_context::no_peer) return false;
        const auto input = static_cast<double>(context.request.input_tokens());
        if (prompt_ > 0 && input < prompt_) return false;
        if (input < uncached_) return false;
        const auto& match = candidates.data->prefix[match_];
        if (!match.present) return false;
        return input - match.cached(chosen) * match.block_size_tokens >= uncached_;
    }

  private:
    data_slot match_;
    double uncached_;
    double prompt_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto uncached = p.integer("nonCachedTokens", 0, at_least(0));
    const auto prompt = p.integer("promptTokens", 0, at_least(0));
    // Always the default producer's matches, as in the reference; the handler makes sure that it
    // exists.
    const auto match = context.consume(data_kind::prefix_match, {}, data_need::optional);
    return std::make_unique<many_uncached>(match, static_cast<double>(uncached),
                                           static_cast<double>(prompt));
}

constexpr parameter_doc docs[] = {
    {"nonCachedTokens", "int", "0",
     "uncached prompt tokens from which prefill runs elsewhere; 0: never"},
    {"promptTokens", "int", "0", "shorter prompts never prefill elsewhere"},
};

}  // namespace

extern const plugin_type prefix_based_pd_decider = {
    .name = "prefix-based-pd-decider",
    .level = stability::beta,
    .summary = "prefill elsewhere when much of the prompt is not cached",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
