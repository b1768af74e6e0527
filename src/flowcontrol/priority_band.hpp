#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "flowcontrol/flow_item.hpp"

namespace weir::flowcontrol {

/// The queues of one priority, one a fairness id, and the policies that choose among them. Sans
/// I/O; one caller at a time.
class priority_band {
  public:
    struct flow {
        /// By the ordering policy, then by arrival.
        std::map<std::pair<std::int64_t, std::uint64_t>, item_ptr> items;
        std::uint64_t bytes = 0;
        time_point idle_since{};
        double attained = 0;  ///< tokens of service, decayed to `attained_at`
        time_point attained_at{};
        std::string label;     ///< of its fairness id in metrics
        double waited_ms = 0;  ///< all waits together
        double waits = 0;
    };

    explicit priority_band(config::band_settings settings) : settings_(std::move(settings)) {}

    /// New limits and policies; what waits keeps the rank it was given.
    void configure(config::band_settings settings) { settings_ = std::move(settings); }
    const config::band_settings& settings() const { return settings_; }

    std::uint64_t requests() const { return requests_; }
    std::uint64_t bytes() const { return bytes_; }
    const std::map<std::string, flow>& flows() const { return flows_; }

    /// Whether one more of that size keeps within the band's limits.
    bool has_room(std::uint64_t bytes) const;

    /// `time_limit` is the waiting time it has, for earliest-deadline-first; 0: none.
    void add(item_ptr item, duration time_limit);
    bool remove(const flow_item& item, time_point now);
    /// The item to go next by the fairness policy, taken out; null when nothing waits.
    item_ptr take(time_point now);

    /// Service that a flow has had, for `program-aware-fairness`.
    void account(const std::string& fairness_id, double tokens, time_point now);
    /// Forgets flows that have been empty for that long, and says their labels;
    /// `program-aware-fairness` remembers the service of a flow for its own time.
    std::vector<std::string> forget_idle(time_point now, duration after);

  private:
    using flow_map = std::map<std::string, flow>;

    flow_map::iterator strictest();
    flow_map::iterator next_in_turn();
    flow_map::iterator least_served(time_point now);
    double attained(const flow& f, time_point now) const;

    config::band_settings settings_;
    flow_map flows_;
    std::string last_served_;
    std::uint64_t requests_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace weir::flowcontrol
