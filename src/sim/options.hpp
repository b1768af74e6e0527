#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "sim/engine.hpp"

namespace weir::sim {

/// Whose wire habits a simulated server has: metrics page, error envelopes, health, stream quirks.
enum class personality : std::uint8_t { vllm, sglang, llamacpp, trtllm, tgi };

/// `vllm`, `sglang`, `llamacpp` (`llama.cpp`), `trtllm` (`trtllm-serve`), `tgi`.
std::optional<personality> parse_personality(std::string_view name);
std::string_view to_string(personality p);

/// Which generation of metric names a vLLM page has: `current` (kv_cache_usage_perc,
/// inter_token_latency), `legacy` (gpu_cache_usage_perc, time_per_output_token; no `engine` label),
/// or `next` (adapters in memory instead of those with requests).
enum class metrics_generation : std::uint8_t { current, legacy, next };

/// How much a metrics page holds: all families with histograms (about 50 KB for vLLM), or the lines
/// a router reads.
enum class metrics_size : std::uint8_t { full, compact };

/// Every knob of one simulated model server. Times are real time; a number of 0 means "none" where
/// that is named.
struct sim_options {
    /// Name in the `x-sim-endpoint` header and the request log; empty: the address listened on.
    std::string name;
    /// Model names served; the first one is the default and the one in metrics.
    std::vector<std::string> models{"weir-sim"};
    /// LoRA adapters loaded at the start; each is also a model name.
    std::vector<std::string> loras;
    personality engine = personality::vllm;

    /// Time of one engine step, whatever is in it: the inter-token time of a lone request.
    duration inter_token_time = std::chrono::milliseconds(8);
    /// Added per prompt token that is not in the cache: the slope of the time to first token.
    duration prefill_time_per_token = std::chrono::microseconds(100);
    /// Added per decoding sequence: how batching slows everybody down.
    duration decode_time_per_seq = std::chrono::microseconds(50);
    /// Standard deviation of a step's time, as a share of it (0 to 0.5).
    double jitter = 0;
    /// All times zero, for benches: an answer comes as fast as the machine makes it.
    bool fast = false;

    /// Sequences in one batch.
    std::size_t max_num_seqs = 256;
    /// Tokens in one step, prefill chunks and decodes together.
    std::size_t max_num_batched_tokens = 2048;
    /// Longest prompt and answer together, in tokens; longer is a 400.
    std::size_t max_model_len = 131072;
    /// Waiting requests beyond which new ones are refused; 0: no limit.
    std::size_t max_queue = 0;
    /// Status of that refusal; 0: the engine's own (503, TGI 429).
    int queue_full_status = 0;
    /// First come first served, or lower `priority` of the body first (SGLang: higher first).
    queue_policy policy = queue_policy::fcfs;

    /// KV cache: blocks, and tokens in each.
    std::size_t kv_blocks = 16384;
    std::size_t block_size = 16;
    /// Reuse of blocks with equal prefixes.
    bool prefix_caching = true;

    /// Adapters that fit the accelerator at once, and the time to load one.
    std::size_t max_loras = 4;
    duration lora_load_time = std::chrono::milliseconds(200);

    /// Answer length of a chat without a limit, in tokens.
    std::size_t default_output_tokens = 64;
    /// Tokens sent in one stream event.
    std::size_t stream_interval = 1;

    /// The server listens but says 503 for this long ("Loading model").
    duration startup_delay = duration::zero();
    /// Seed of jitter, text and fault rates.
    std::uint64_t seed = 0;

    metrics_generation generation = metrics_generation::current;
    metrics_size metrics = metrics_size::full;

    /// Requests kept for `GET /sim/requests`; 0 keeps none.
    std::size_t log_requests = 1000;
    /// Bytes of each request body kept in that log.
    std::size_t log_body_bytes = 2048;
};

/// The part of `o` that shapes the engine.
engine_options to_engine_options(const sim_options& o);

}  // namespace weir::sim
