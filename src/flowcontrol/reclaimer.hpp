#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "flowcontrol/flow_item.hpp"

namespace weir::flowcontrol {

/// A band that cannot dispatch although requests wait in it.
struct blocked_band {
    int priority = 0;
    double ceiling = 1;
};

/// Takes back what was let through: ends requests of negative priority that are under way while
/// more important ones wait for room. Never acts twice on one reading of the saturation: after each
/// round it waits until every request it ended is gone, and then until the detector can have seen
/// that. Values and times only; one caller at a time.
/// Source of the rules: llm-d-router, in-flight eviction (`flowControl.enableEviction`).
class reclaimer {
  public:
    static constexpr std::size_t most_at_once = 2;
    static constexpr duration confirmation_timeout = std::chrono::seconds(10);

    reclaimer();

    /// `grace`: how long after an end the detector may still show its load.
    void configure(bool on, duration grace);
    bool on() const { return on_; }

    /// A request was let through.
    void track(const item_ptr& item);
    /// It is gone, whatever ended it. Nothing for one that is not tracked.
    void ended(flow_item& item, time_point now);

    /// Priority of the request that would be ended first; nothing when there is none.
    std::optional<int> victim() const;
    /// Everything ended before has been seen to be gone.
    bool may_act(time_point now);
    /// Which requests to end for `band`, the lowest priority first, of one the newest. They are not
    /// chosen again. Ask `may_act` before.
    std::vector<item_ptr> act(double saturation, const blocked_band& band, time_point now);

    void collect(metrics::exposition& out, const std::string& pool) const;

  private:
    /// Lowest priority first, the latest to be let through first.
    struct order {
        int priority = 0;
        std::uint64_t lease = 0;
        bool operator<(const order& other) const {
            return priority != other.priority ? priority < other.priority : lease > other.lease;
        }
    };
    /// What an ended request is expected to give back.
    struct debit {
        std::uint64_t lease = 0;
        double amount = 0;
        time_point issued{};
        std::optional<time_point> retired;  ///< it ended, or was given up
    };

    double pending() const;

    bool on_ = false;
    duration grace_{};
    std::uint64_t last_lease_ = 0;
    std::size_t tracked_ = 0;
    std::map<order, item_ptr> evictable_;
    std::vector<debit> debits_;

    std::map<int, double> issued_;  ///< by priority of the band they were for
    double confirmed_ = 0;
    double timed_out_ = 0;
    double target_ = 0;
    metrics::histogram confirmation_;
};

}  // namespace weir::flowcontrol
