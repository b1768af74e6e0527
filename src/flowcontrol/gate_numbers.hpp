#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "base/metrics.hpp"
#include "flowcontrol/engine.hpp"
#include "flowcontrol/stages.hpp"

namespace weir::flowcontrol {

/// The metrics of one gate: names, labels and buckets of llm-d-router, with their deprecated twins.
/// Under the gate's lock.
struct gate_numbers {
    gate_numbers();

    /// A request arrived; `seconds` is what taking it in cost.
    void arrived(const flow_item& item, outcome verdict, double seconds);
    /// A request that was queued has left.
    void left(const flow_item& item, outcome how, time_point now);
    /// The flow was forgotten: its series go.
    void forget(int band, const std::string& fairness_label);
    void collect(metrics::exposition& out, const std::string& pool, const std::string& detector,
                 const engine& of) const;

    metrics::histogram cycle_seconds;
    stage_levels level;  ///< as the last cycle saw it

  private:
    using key = std::tuple<std::string, int, std::string, std::string, outcome>;
    struct depth {
        double requests = 0;
        double bytes = 0;
    };

    static key key_of(const flow_item& item, outcome how);

    std::map<key, std::unique_ptr<metrics::histogram>> waits_;
    std::map<std::tuple<std::string, int, outcome>, std::unique_ptr<metrics::histogram>> arrivals_;
    std::map<key, depth> depths_;  ///< with the outcome `queued`
    std::map<std::pair<outcome, int>, double> totals_;
};

}  // namespace weir::flowcontrol
