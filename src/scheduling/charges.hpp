#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "weir/candidates.hpp"
#include "weir/decision.hpp"

namespace weir::scheduling {

/// Parameters of `inflight-load-producer` (llm-d-router head).
struct charge_rules {
    bool output_tokens = false;
    double output_ratio = 1.5;
    std::optional<std::int64_t> max_output_tokens;
};

/// Prompt tokens that endpoint `i` has to compute itself: the blocks it lacks plus what lies beyond
/// all blocks; the whole input where nothing is known about prefixes.
double uncached_tokens(const prefix_match* match, std::size_t i, double input_tokens);

/// The same for many endpoints: what does not depend on the endpoint is worked out once.
class uncached_rule {
  public:
    uncached_rule(const prefix_match* match, double input_tokens) : beyond_(input_tokens) {
        if (match == nullptr || !match->present) return;
        matched_ = match->matched_blocks.data();
        total_ = match->total_blocks;
        block_ = match->block_size_tokens;
        beyond_ = std::max(0.0, input_tokens - total_ * block_);
    }
    double operator()(std::size_t i) const {
        return matched_ == nullptr ? beyond_
                                   : std::max(0.0, total_ - matched_[i]) * block_ + beyond_;
    }

  private:
    const double* matched_ = nullptr;
    double total_ = 0;
    double block_ = 0;
    double beyond_;
};

/// Output tokens to reserve: `round(input · ratio)` capped by the client and the operator; 0
/// without input.
std::int64_t output_estimate(const charge_rules& rules, std::int64_t input_tokens,
                             std::int64_t client_max);

/// Fills `chosen.charges`: one for the first target of each profile that ran. Tokens go back with
/// the first chunk, or at the end when output is reserved; the profile numbered `prefill` gives
/// everything back with the first chunk.
void charge_targets(const charge_rules& rules, const prefix_match* match, std::int64_t client_max,
                    std::optional<std::uint32_t> prefill, decision& chosen);

}  // namespace weir::scheduling
