#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "flowcontrol/engine.hpp"
#include "flowcontrol/stages.hpp"

namespace weir::flowcontrol {

struct gate_numbers;

/// What a cycle let go of; the caller wakes each on its own thread.
struct released {
    std::vector<std::pair<item_ptr, outcome>> items;
    std::vector<item_ptr> revoked;  ///< let through earlier; their requests must end now
};

/// A band and its flows as the admin API shows them.
struct band_state {
    config::band_settings settings;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    struct flow {
        std::string fairness_id;
        std::uint64_t requests = 0;
        std::uint64_t bytes = 0;
        duration oldest{};
    };
    std::vector<flow> flows;
};

/// A pool's engine behind one mutex, with its metrics. Any thread. Outlives the snapshots of the
/// configuration; entered only while the gate `flowControl` is on.
class gate final : public metrics::source {
  public:
    /// `scrape_period`: how often the detector's signals are read.
    gate(std::string pool, config::flow_control_settings settings,
         const config::detector_settings& detector, const std::set<int>& priorities,
         duration scrape_period);
    ~gate() override;

    void configure(config::flow_control_settings settings,
                   const config::detector_settings& detector, const std::set<int>& priorities,
                   duration scrape_period);

    /// A request arrives and one cycle runs. `queued`, `dispatched` or a rejection of this request;
    /// `out` gets the others that the cycle let go of.
    outcome arrive(const item_ptr& item, const stage_levels& level, time_point now, released& out);
    /// One cycle, and what has waited too long.
    void cycle(const stage_levels& level, time_point now, released& out);
    /// The request's client has gone. False: it had left already.
    bool cancel(flow_item& item, time_point now);
    /// A request that was let through has ended.
    void ended(flow_item& item, time_point now);
    /// A dispatched request is counted at its endpoint, or will never be: the detector sees it.
    void confirm();
    /// Everything that waits.
    void close(time_point now, released& out);
    void account(int priority, const std::string& fairness_id, double prompt_tokens,
                 double completion_tokens, time_point now);

    /// Nothing waits.
    bool idle() const { return waiting_.load(std::memory_order_relaxed) == 0; }

    std::vector<band_state> bands(time_point now) const;
    void collect(metrics::exposition& out) const override;

  private:
    item_ptr dispatch_one(const stage_levels& level, time_point now, released& out);
    void reclaim(const stage_levels& level, time_point now, released& out);
    void left(const flow_item& item, outcome how, time_point now);

    const std::string pool_;
    mutable std::mutex mutex_;
    engine engine_;
    bool counts_in_flight_ = false;  ///< the detector looks at what was dispatched
    std::string detector_;
    std::size_t unconfirmed_ = 0;
    reclaimer reclaimer_;
    std::atomic<std::uint64_t> waiting_{0};
    std::unique_ptr<gate_numbers> numbers_;
};

}  // namespace weir::flowcontrol
