#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy.hpp"
#include "sim/engine.hpp"
#include "trace.hpp"

namespace weir::quality {

/// The machines of a run, and how they are watched.
struct fleet_options {
    std::size_t endpoints = 8;
    sim::engine_options engine;
    std::vector<double> slowdowns;  ///< of endpoint i; missing: 1
    std::ptrdiff_t degrades = -1;   ///< this endpoint becomes slower
    double degrades_at = 0.5;       ///< after this share of the run
    double degrades_to = 3;         ///< slowdown from then on
    double scrape_period = 0.05;    ///< seconds between two looks at one endpoint's metrics
    double slo_ttft = 5;            ///< seconds
    double slo_token = 0.15;        ///< seconds a token, mean over the answer
    std::uint64_t seed = 1;
    double give_up_at = 1;  ///< the run ends once more than this share of requests is not good
};

/// What became of the requests of one run. Seconds.
struct run_result {
    std::vector<double> ttft;
    std::vector<double> latency;
    std::size_t requests = 0;
    std::size_t refused = 0;
    std::size_t good = 0;             ///< within the SLO
    double duration = 0;              ///< from the first arrival to the last answer
    std::size_t good_under_load = 0;  ///< of those sent while new ones still came
    double load_duration = 0;         ///< as long as new ones came: those that follow nobody
    double hit_share = 0;             ///< prompt tokens found in a cache / all
    double spread = 0;                ///< busiest endpoint's requests / mean
    std::uint64_t preemptions = 0;
    std::uint64_t digest = 0;  ///< of every placement and time: equal runs are equal here

    double good_share() const {
        return requests == 0 ? 0 : static_cast<double>(good) / static_cast<double>(requests);
    }
};

/// Replays `t` with its arrivals `rate` times as dense. Virtual time; the same input gives the same
/// result.
run_result replay(const trace& t, double rate, const policy& p, const fleet_options& options);

}  // namespace weir::quality
