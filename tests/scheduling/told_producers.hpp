#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "weir/plugin.hpp"

/// Producers that say what a test told them.
namespace weir::scheduling::testing {

/// What prefix matches `test-prefix-producer` hands out: its plugins read this one place.
struct told_prefix {
    double total = 0;
    double block = 16;
    std::vector<double> matched;
    std::vector<double> cached;
    bool absent = false;
};
inline told_prefix& prefix_told() {
    static told_prefix told;
    return told;
}

class test_prefix final : public plugin_of<producer> {
  public:
    explicit test_prefix(data_slot slot) : slot_(slot) {}
    void produce(const decision_context&, const candidate_view& candidates,
                 producer_data& data) override {
        const auto& told = prefix_told();
        if (told.absent) return;
        auto& out = data.prefix[slot_];
        out.reset(candidates.endpoints.size(), told.total, told.block);
        // What an earlier case told of a larger pool does not reach beyond this one.
        const auto n = std::min(told.matched.size(), out.matched_blocks.size());
        std::copy_n(told.matched.begin(), n, out.matched_blocks.begin());
        if (!told.cached.empty()) {
            out.cached_blocks = told.cached;
            out.cached_blocks.resize(candidates.endpoints.size());
        }
    }

  private:
    data_slot slot_;
};

inline const plugin_type test_prefix_type = {
    .name = "test-prefix-producer",
    .level = stability::beta,
    .summary = "for tests",
    .docs = {},
    .aliases = {},
    .make = [](parameters&, plugin_context& c) -> std::unique_ptr<plugin> {
        return std::make_unique<test_prefix>(c.publish(data_kind::prefix_match));
    },
};

/// What latency predictions `test-latency-producer` hands out.
struct told_latency {
    bool absent = false;
    std::vector<double> ttft, tpot, ttft_headroom, tpot_headroom, dispatched;
    std::vector<std::uint8_t> valid;
};
inline told_latency& latency_told() {
    static told_latency told;
    return told;
}

class test_latency final : public plugin_of<producer> {
  public:
    explicit test_latency(data_slot slot) : slot_(slot) {}
    void produce(const decision_context&, const candidate_view& candidates,
                 producer_data& data) override {
        const auto& told = latency_told();
        if (told.absent) return;
        auto& out = data.latency[slot_];
        out.reset(candidates.endpoints.size());
        const auto copy = [](const auto& from, auto& to) {
            for (std::size_t i = 0; i < from.size() && i < to.size(); ++i) to[i] = from[i];
        };
        copy(told.ttft, out.ttft_ms);
        copy(told.tpot, out.tpot_ms);
        copy(told.ttft_headroom, out.ttft_headroom);
        copy(told.tpot_headroom, out.tpot_headroom);
        copy(told.dispatched, out.dispatched);
        copy(told.valid, out.valid);
    }

  private:
    data_slot slot_;
};

inline const plugin_type test_latency_type = {
    .name = "test-latency-producer",
    .level = stability::beta,
    .summary = "for tests",
    .docs = {},
    .aliases = {},
    .make = [](parameters&, plugin_context& c) -> std::unique_ptr<plugin> {
        return std::make_unique<test_latency>(c.publish(data_kind::latency_prediction));
    },
};

}  // namespace weir::scheduling::testing
