#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datalayer/metric_spec.hpp"

namespace weir::datalayer {

/// What a metrics page can tell about an endpoint.
enum class signal : std::uint8_t {
    waiting,      ///< requests queued
    running,      ///< requests running
    kv_usage,     ///< KV cache in use, 0..1
    lora,         ///< adapters, in the labels of an info series
    cache_info,   ///< block size and count in the labels of an info series
    block_size,   ///< tokens per KV block, as a gauge
    block_count,  ///< KV blocks, as a gauge
    occupied,     ///< what is in use of the engine's `capacity`
    awake,        ///< 0: the engine sleeps, though its port is open and its health page content
    lora_loaded,  ///< adapters in the engine's memory, one series each
    lora_slots,   ///< how many of them fit
    custom,       ///< one of `engine_mapping::customs`; no place in `candidates`
};
inline constexpr std::size_t signal_count = 11;

std::string_view to_string(signal s);

/// Where an engine's page may be: tried in turn until one answers with a page.
struct metrics_location {
    std::string path = "/metrics";
    std::uint16_t serving_port = 0;  ///< 0: any; else only for endpoints on this port …
    std::uint16_t metrics_port = 0;  ///< … whose page is on that one; 0: the endpoint's own

    bool operator==(const metrics_location&) const = default;
};

/// Where an engine without a KV metric tells what bounds it: a whole number of a JSON page.
struct capacity_page {
    std::string path;  ///< empty: the engine has none
    std::string key;   ///< at the top of the page
    std::string what;  ///< the word of /v1/endpoints: `slots`, `tokens`

    bool operator==(const capacity_page&) const = default;
};

/// A further number that plugins may ask for.
struct custom_signal {
    std::string key;  ///< `ATTRIBUTE/EXTRACTOR`, as `attribute_column::key`
    metric_spec spec;

    bool operator==(const custom_signal&) const = default;
};

/// How one kind of model server is read. Data, no behaviour.
struct engine_mapping {
    std::string name;
    /// Candidates in order, newest name first; the first one present on a page counts for that
    /// page.
    std::array<std::vector<metric_spec>, signal_count> candidates;
    std::vector<custom_signal> customs;
    std::string block_size_label;  ///< of the cache_info series
    std::string block_count_label;
    std::string model_label;  ///< names the model a series is about; empty: the page never does
    /// Series that differ in this label are parts of one server (data-parallel engines): queue and
    /// running are added up, KV takes the fullest. Series equal in it say the same thing twice.
    std::string group_label;
    /// Series with a non-empty value of this label are parts of a total that is also on the page.
    std::string part_label;
    /// Among series that say the same thing, the largest counts (tensor-parallel ranks), not the
    /// first.
    bool largest_of_group = false;
    bool kv_may_lack =
        false;  ///< newer versions have no KV metric: nothing to report when it is missing
    capacity_page capacity;  ///< with `occupied`, stands in for a KV metric the page lacks
    std::vector<metrics_location> locations;
    bool opens_early = false;  ///< answers before its model is loaded
    std::string health_path = "/health";
    int loading_status =
        503;  ///< what health answers while the model is not loaded, beside other 5xx

    bool operator==(const engine_mapping&) const = default;

    const std::vector<metric_spec>& specs(signal s) const {
        return candidates[static_cast<std::size_t>(s)];
    }
    std::vector<metric_spec>& specs(signal s) { return candidates[static_cast<std::size_t>(s)]; }
};

/// vLLM, SGLang, trtllm-serve, Triton with TensorRT-LLM, Triton, llama.cpp, TGI, Ollama (nothing to
/// scrape), in the order of recognition.
const std::vector<engine_mapping>& built_in_engines();

}  // namespace weir::datalayer
