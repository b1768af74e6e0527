#include "scheduling/charges.hpp"

#include <algorithm>
#include <cmath>

namespace weir::scheduling {

double uncached_tokens(const prefix_match* match, std::size_t i, double input_tokens) {
    const uncached_rule rule(match, input_tokens);
    return rule(i);
}

std::int64_t output_estimate(const charge_rules& rules, std::int64_t input_tokens,
                             std::int64_t client_max) {
    if (!rules.output_tokens || input_tokens <= 0) return 0;
    auto estimate = static_cast<std::int64_t>(
        std::min(std::round(static_cast<double>(input_tokens) * rules.output_ratio), 9.0e15));
    if (client_max >= 0) estimate = std::min(estimate, client_max);
    if (rules.max_output_tokens) estimate = std::min(estimate, *rules.max_output_tokens);
    return estimate;
}

void charge_targets(const charge_rules& rules, const prefix_match* match, std::int64_t client_max,
                    std::optional<std::uint32_t> prefill, decision& chosen) {
    for (const auto& result : chosen.profiles) {
        if (result.status != profile_status::ran || result.count == 0) continue;
        const auto endpoint = chosen.targets[result.first];
        const auto input = static_cast<double>(chosen.input_tokens);
        const auto tokens = static_cast<std::int64_t>(uncached_tokens(match, endpoint, input)) +
                            output_estimate(rules, chosen.input_tokens, client_max);
        const bool is_prefill = prefill && *prefill == result.profile;
        const bool early = is_prefill || !rules.output_tokens;
        chosen.charges.push_back({endpoint, result.profile, tokens,
                                  early ? release_at::first_chunk : release_at::end,
                                  is_prefill ? release_at::first_chunk : release_at::end});
    }
}

}  // namespace weir::scheduling
