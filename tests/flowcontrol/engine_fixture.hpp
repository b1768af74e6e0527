#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "flowcontrol/engine.hpp"

/// An engine under a clock of the test's own.
namespace weir::flowcontrol::test {

inline item_ptr item(int priority, std::string flow = "f", std::uint64_t bytes = 10) {
    auto i = std::make_shared<flow_item>();
    i->priority = priority;
    i->fairness_id = std::move(flow);
    i->bytes = bytes;
    return i;
}

struct bench {
    explicit bench(config::flow_control_settings s = {}, std::set<int> priorities = {})
        : under(std::move(s), priorities) {}

    /// Queues one; it must fit.
    item_ptr put(int priority, std::string flow = "f", std::uint64_t bytes = 10) {
        auto i = item(priority, std::move(flow), bytes);
        last = under.enqueue(i, now, ready);
        return i;
    }
    item_ptr take(double saturation = 0) { return under.dispatch(saturation, now); }
    std::vector<std::pair<item_ptr, outcome>> expired() {
        std::vector<std::pair<item_ptr, outcome>> out;
        under.expire(now, ready, out);
        return out;
    }

    engine under;
    time_point now = time_point(std::chrono::seconds(1000));
    bool ready = true;
    outcome last = outcome::queued;
};

}  // namespace weir::flowcontrol::test
