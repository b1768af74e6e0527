#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// w · min(1, matched tokens / scale)² + (1 − w) · matched / total.
class longest_prefix final : public plugin_of<scorer> {
  public:
    longest_prefix(data_slot match, double weight, double scale)
        : match_(match), weight_(weight), scale_(scale) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto& match = candidates.data->prefix[match_];
        if (!match.present || match.total_blocks <= 0) return;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const double matched = match.matched_blocks[candidates[i]];
            double length = 0;
            if (weight_ > 0 && match.block_size_tokens > 0) {
                const double share = std::min(1.0, matched * match.block_size_tokens / scale_);
                length = share * share;
            }
            scores[i] = weight_ * length + (1 - weight_) * (matched / match.total_blocks);
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        const auto& match = candidates.data->prefix[match_];
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            out.tell(i, "matchedBlocks", match.present ? match.matched_blocks[candidates[i]] : 0);
            out.tell(i, "totalBlocks", match.present ? match.total_blocks : 0);
        }
    }

  private:
    data_slot match_;
    double weight_;
    double scale_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto producer = p.text("prefixMatchInfoProducerName", "");
    const double weight = p.number("matchLengthWeight", 0, between(0, 1));
    const double scale = static_cast<double>(p.integer("matchLengthScaleTokens", 8192));
    if (weight > 0 && scale <= 0)
        p.reject("matchLengthScaleTokens", "matchLengthScaleTokens must be > 0");
    const auto slot = context.consume(data_kind::prefix_match, producer, data_need::required);
    return std::make_unique<longest_prefix>(slot, weight, scale);
}

constexpr parameter_doc docs[] = {
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
    {"matchLengthWeight", "float", "0",
     "share of the score that depends on the match's length, 0..1"},
    {"matchLengthScaleTokens", "int", "8192", "tokens at which the length part reaches 1"},
};

}  // namespace

extern const plugin_type prefix_cache_scorer = {
    .name = "prefix-cache-scorer",
    .level = stability::beta,
    .summary = "prefers endpoints that hold the longest part of the prompt",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
