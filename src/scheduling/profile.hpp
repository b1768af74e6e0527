#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/lanes.hpp"
#include "scheduling/plugin_times.hpp"
#include "scheduling/scheduler.hpp"

namespace weir::scheduling {

/// A plugin in one role; `index` finds its scratch and its name.
template <class Role>
struct player {
    Role* role = nullptr;
    std::uint32_t index = 0;
};

struct weighted_scorer {
    const scorer* role = nullptr;
    std::uint32_t index = 0;
    double weight = 1;
};

/// One scheduling profile, ready to run.
struct profile {
    std::string name;
    std::vector<player<const filter>> filters;
    std::vector<weighted_scorer> scorers;
    player<const picker> pick;
};

/// What one profile left behind in a decision.
struct profile_buffers {
    bool ran = false;
    std::vector<std::uint32_t> survivors;
    std::vector<double> totals;  ///< element i belongs to survivors[i]
    std::vector<double> raw;     ///< see workspace::scored
};

/// Scratch of one worker, shared by all profiles.
struct run_buffers {
    std::vector<std::uint8_t> keep;
    std::vector<double> scores;
    std::vector<std::uint32_t> picks;
    std::vector<std::unique_ptr<plugin_scratch>> scratch;  ///< element i: plugin i; may be null
    lap_timer laps;
    std::uint32_t playing = 0;  ///< whose turn it is: who is to blame for an exception

    void turn_of(std::uint32_t plugin, decision_context& context) {
        playing = plugin;
        context.scratch_object = scratch[plugin].get();
    }
};

/// Filters, scores and picks (llm-d-router head, scheduler profile). Appends the targets and the
/// result to `out`; false when the filters left nothing. `record`, when given, gets every verdict;
/// names come from `identity`.
bool run_profile(const profile& p, std::uint32_t number, decision_context& context,
                 const candidate_view& candidates, run_buffers& buffers, profile_buffers& left,
                 decision& out, profile_explanation* record,
                 const std::vector<std::string>& identity);

/// To [0, 1] by two comparisons, so that NaN passes.
template <class Lanes>
WEIR_INLINE Lanes clamp_score(const Lanes& score) {
    const Lanes positive = score < 0.0 ? Lanes{} : score;
    return positive > 1.0 ? Lanes{} + 1.0 : positive;
}

}  // namespace weir::scheduling
