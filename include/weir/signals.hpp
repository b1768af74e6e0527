#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What a model server says about its LoRA adapters. Immutable once published.
struct lora_state {
    std::vector<std::string> active;   ///< adapters with running requests
    std::vector<std::string> waiting;  ///< adapters with queued requests
    int max_active = 0;                ///< slots; 0 when the server does not say
};

/// A further number per endpoint that the data layer reads (custom metrics, GPU telemetry). The key
/// is `type/producer`, for example `GPUUtilization/dcgm-extractor`; NaN where an endpoint has none.
struct attribute_column {
    std::string key;
    std::vector<double> values;
};

/// Per-endpoint numbers as columns: element i of every column belongs to endpoint i of the pool
/// view. A column a source has never filled holds the "unknown" value named beside it. Filled once
/// per decision from the data layer's atomics; plain memory afterwards, no thread shares it.
struct signal_columns {
    std::vector<double> waiting;          ///< requests queued in the model server; 0 unknown
    std::vector<double> running;          ///< requests running in the model server; 0 unknown
    std::vector<double> kv_usage;         ///< KV cache in use, 0..1; 0 unknown
    std::vector<double> age_seconds;      ///< since the last good scrape; +inf when there was none
    std::vector<double> staleness_floor;  ///< seconds; data younger than this is never called stale
    std::vector<double> block_size;       ///< tokens per KV block the server reports; 0 unknown
    std::vector<double> block_count;      ///< KV blocks the server reports; 0 unknown
    std::vector<double> inflight_requests;     ///< this gateway's own count of requests under way
    std::vector<double> inflight_tokens;       ///< prompt tokens it sent and has not seen answered
    std::vector<const lora_state*> lora;       ///< null unknown; lives as long as the pool view
    std::vector<attribute_column> attributes;  ///< few, or none

    std::size_t size() const { return waiting.size(); }

    /// Gives every column `n` elements of its "unknown" value; keeps the memory.
    void reset(std::size_t n) {
        waiting.assign(n, 0);
        running.assign(n, 0);
        kv_usage.assign(n, 0);
        age_seconds.assign(n, std::numeric_limits<double>::infinity());
        staleness_floor.assign(n, 0);
        block_size.assign(n, 0);
        block_count.assign(n, 0);
        inflight_requests.assign(n, 0);
        inflight_tokens.assign(n, 0);
        lora.assign(n, nullptr);
        for (auto& a : attributes) a.values.assign(n, std::numeric_limits<double>::quiet_NaN());
    }

    /// The attribute of that key, or null.
    const attribute_column* attribute(std::string_view key) const {
        for (const auto& a : attributes) {
            if (a.key == key) return &a;
        }
        return nullptr;
    }
};

}  // namespace weir
