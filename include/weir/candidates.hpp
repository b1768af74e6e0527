#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "weir/endpoint.hpp"
#include "weir/random.hpp"
#include "weir/request.hpp"
#include "weir/signals.hpp"

namespace weir {

/// Where a producer's data lies for its readers; given out when the configuration is loaded.
using data_slot = std::uint32_t;
inline constexpr data_slot no_slot = std::numeric_limits<data_slot>::max();

/// How much of a request's prompt each endpoint is believed to hold. Filled anew for each request.
struct prefix_match {
    bool present = false;     ///< false: nothing was produced for this request; the rest is stale
    double total_blocks = 0;  ///< blocks of the whole request, over all prompts
    double block_size_tokens = 0;
    std::vector<double> matched_blocks;  ///< element i: endpoint i of the pool
    std::vector<double> cached_blocks;   ///< unweighted count; empty: the same as matched_blocks

    double cached(std::size_t i) const {
        return cached_blocks.empty() ? matched_blocks[i] : cached_blocks[i];
    }

    /// Makes every column `n` zeros; keeps the memory.
    void reset(std::size_t n, double total, double block_tokens) {
        present = true;
        total_blocks = total;
        block_size_tokens = block_tokens;
        matched_blocks.assign(n, 0);
        cached_blocks.clear();
    }
};

/// What a request would feel on each endpoint. Milliseconds; NaN in `ttft_ms` means no prediction
/// for that endpoint.
struct latency_prediction {
    bool present = false;
    std::vector<double> ttft_ms;        ///< time to the first token
    std::vector<double> tpot_ms;        ///< time per output token after the first
    std::vector<double> ttft_headroom;  ///< SLO (0 when there is none) minus prediction
    std::vector<double> tpot_headroom;
    std::vector<std::uint8_t> valid;  ///< 1: the prediction meets the request's SLOs
    std::vector<double> dispatched;   ///< requests this gateway has under way there
    std::vector<double> confidence;   ///< 0..1

    bool predicted(std::size_t i) const { return present && !std::isnan(ttft_ms[i]); }

    void reset(std::size_t n) {
        present = true;
        ttft_ms.assign(n, std::numeric_limits<double>::quiet_NaN());
        tpot_ms.assign(n, std::numeric_limits<double>::quiet_NaN());
        ttft_headroom.assign(n, 0);
        tpot_headroom.assign(n, 0);
        valid.assign(n, 0);
        dispatched.assign(n, 0);
        confidence.assign(n, 0);
    }
};

/// A number per endpoint; NaN where there is none.
struct number_column {
    bool present = false;
    std::vector<double> values;

    void reset(std::size_t n, double value = std::numeric_limits<double>::quiet_NaN()) {
        present = true;
        values.assign(n, value);
    }
    double get(std::size_t i, double missing) const {
        return present && !std::isnan(values[i]) ? values[i] : missing;
    }
};

/// Everything producers say about one request. Belongs to one worker's workspace; columns keep
/// their memory.
struct producer_data {
    std::vector<prefix_match> prefix;
    std::vector<latency_prediction> latency;
    std::vector<number_column> numbers;
    std::vector<std::string> texts;  ///< such as the session id; empty when absent

    void clear() {
        for (auto& p : prefix) p.present = false;
        for (auto& l : latency) l.present = false;
        for (auto& n : numbers) n.present = false;
        for (auto& t : texts) t.clear();
    }
};

/// The endpoints still in the running, by their index in the pool. All views live as long as the
/// call.
struct candidate_view {
    std::span<const endpoint> endpoints;      ///< the whole pool
    const signal_columns* signals = nullptr;  ///< element i: endpoint i of the pool
    const producer_data* data = nullptr;
    std::span<const std::uint32_t> indexes;  ///< the candidates, in pool order

    std::size_t size() const { return indexes.size(); }
    bool empty() const { return indexes.empty(); }
    std::uint32_t operator[](std::size_t i) const { return indexes[i]; }
    const endpoint& at(std::size_t i) const { return endpoints[indexes[i]]; }
};

/// State of one plugin for the request in hand, one object a worker; see `plugin::make_scratch`.
class plugin_scratch {
  public:
    virtual ~plugin_scratch() = default;
};

/// The request being decided and what is common to all plugins. One worker; lives as long as the
/// call.
struct decision_context {
    const inference_request& request;
    std::chrono::steady_clock::time_point now;  ///< plugins never read a clock
    random_source& random;                      ///< seeded per decision: same seed, same decision
    std::uint32_t peer = no_peer;  ///< endpoint that an earlier profile chose (disaggregation)
    plugin_scratch* scratch_object = nullptr;  ///< the called plugin's own
    bool dry = false;  ///< asked for an explanation only: leave no trace in shared state

    static constexpr std::uint32_t no_peer = std::numeric_limits<std::uint32_t>::max();

    /// The called plugin's scratch; T is what its `make_scratch` makes.
    template <class T>
    T& scratch() const {
        return *static_cast<T*>(scratch_object);
    }
};

}  // namespace weir
