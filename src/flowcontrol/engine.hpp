#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "config/picker_settings.hpp"
#include "flowcontrol/flow_item.hpp"
#include "flowcontrol/priority_band.hpp"
#include "flowcontrol/reclaimer.hpp"

namespace weir::flowcontrol {

/// The queues of one pool in front of scheduling: capacity, priority bands, fairness, time limits.
/// Events in, decisions out: no thread, no clock, no I/O. One caller at a time.
/// Source of the rules: llm-d-router, `pkg/epp/flowcontrol`.
class engine {
  public:
    using band_map = std::map<int, priority_band, std::greater<>>;

    /// Bands: those of the settings, band 0, and one for each priority of an InferenceObjective.
    engine(config::flow_control_settings settings, const std::set<int>& priorities);

    /// New limits, policies and bands; what waits stays. A band that is gone leaves when it is
    /// empty.
    void configure(config::flow_control_settings settings, const std::set<int>& priorities);

    /// `queued`, or why not. `ready`: the pool has an endpoint.
    outcome enqueue(const item_ptr& item, time_point now, bool ready);
    /// One cycle: at most one request leaves, the highest band first. A band whose ceiling the
    /// saturation reaches ends the cycle, also when nothing waits in it.
    item_ptr dispatch(double saturation, time_point now);
    /// The first band that the last cycle could not serve for want of room although requests wait
    /// in it, above `priority`. A ceiling of zero cannot be reached by making room.
    std::optional<blocked_band> blocked_above(int priority, double saturation) const;
    /// Takes out what has waited too long. The clock of a request runs from its arrival or from the
    /// last change between "has endpoints" and "has none", whichever is later.
    void expire(time_point now, bool ready, std::vector<std::pair<item_ptr, outcome>>& out);
    /// False: it does not wait here (any more).
    bool cancel(flow_item& item, time_point now);
    /// Everything that waits, oldest first; the queues are empty afterwards.
    std::vector<item_ptr> take_all(time_point now);

    /// Flows that were forgotten since the last call: the band and the label in metrics.
    std::vector<std::pair<int, std::string>> take_forgotten() {
        return std::exchange(forgotten_, {});
    }

    /// Service of a finished request, for `program-aware-fairness`: prompt + 2 × completion tokens.
    void account(int priority, const std::string& fairness_id, double prompt_tokens,
                 double completion_tokens, time_point now);

    std::uint64_t requests() const { return requests_; }
    std::uint64_t bytes() const { return bytes_; }
    const config::flow_control_settings& settings() const { return settings_; }
    const band_map& bands() const { return bands_; }

  private:
    priority_band& band_of(int priority);
    duration time_limit(bool ready) const;
    void note(bool ready, time_point now);
    void forget(flow_item& item);
    void sweep(time_point now);

    config::flow_control_settings settings_;
    band_map bands_;
    std::vector<int> priorities_;               ///< of the bands, the highest first
    std::vector<double> ceilings_;              ///< of the bands in the last cycle
    std::map<std::uint64_t, item_ptr> by_age_;  ///< by sequence
    std::uint64_t requests_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t usage_tick_ = 0;
    time_point ready_since_{};  ///< of the regime now in force
    bool ready_ = true;
    time_point swept_{};
    std::vector<std::pair<int, std::string>> forgotten_;
};

}  // namespace weir::flowcontrol
