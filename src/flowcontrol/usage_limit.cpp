#include "flowcontrol/usage_limit.hpp"

#include <algorithm>
#include <cmath>

namespace weir::flowcontrol {
namespace {

std::vector<double> holdback(const config::usage_limit_settings& p, std::span<const int> bands) {
    std::vector<double> out(bands.size(), p.max_ceiling);
    if (bands.size() < 2) return out;
    const double span = p.max_ceiling - p.min_ceiling;
    const auto last = static_cast<double>(bands.size() - 1);
    const double lowest = bands.back();
    const double range = static_cast<double>(bands.front()) - lowest;
    for (std::size_t i = 0; i < bands.size(); ++i) {
        out[i] = p.domain == config::holdback_domain::rank
                     ? p.max_ceiling - static_cast<double>(i) * span / last
                     : p.min_ceiling + (static_cast<double>(bands[i]) - lowest) / range * span;
    }
    return out;
}

std::vector<double> soft_reflective(std::size_t bands, double saturation, std::uint64_t& tick) {
    std::vector<double> out(bands, 1);
    const double room = 1 - saturation;
    const bool full = saturation >= 1;
    if (!full && saturation >= 0.5) ++tick;
    const double every = full ? 1 : std::max(1.0, std::round(saturation / room));
    for (std::size_t i = 1; i < bands; ++i) {
        const double opens =
            1 - static_cast<double>(i) * saturation / static_cast<double>(bands - 1);
        if (full) {
            out[i] = 0;
        } else if (saturation >= opens) {
            out[i] = tick % static_cast<std::uint64_t>(every) == 0 ? 1 : 0;
        }
    }
    return out;
}

}  // namespace

std::vector<double> ceilings(const config::usage_limit_settings& policy,
                             std::span<const int> priorities, double saturation,
                             std::uint64_t& tick) {
    switch (policy.policy) {
        case config::usage_limit_policy::fixed:
            break;
        case config::usage_limit_policy::priority_holdback:
            return holdback(policy, priorities);
        case config::usage_limit_policy::soft_reflective_ceiling:
            return soft_reflective(priorities.size(), saturation, tick);
    }
    return std::vector<double>(priorities.size(), policy.threshold);
}

}  // namespace weir::flowcontrol
