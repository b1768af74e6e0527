#include "sim/options.hpp"

#include <algorithm>

namespace weir::sim {

std::optional<personality> parse_personality(std::string_view name) {
    if (name == "vllm") return personality::vllm;
    if (name == "sglang") return personality::sglang;
    if (name == "llamacpp" || name == "llama.cpp") return personality::llamacpp;
    if (name == "trtllm" || name == "trtllm-serve") return personality::trtllm;
    if (name == "tgi") return personality::tgi;
    return std::nullopt;
}

std::string_view to_string(personality p) {
    switch (p) {
        case personality::vllm:
            return "vllm";
        case personality::sglang:
            return "sglang";
        case personality::llamacpp:
            return "llamacpp";
        case personality::trtllm:
            return "trtllm";
        case personality::tgi:
            return "tgi";
    }
    return "vllm";
}

engine_options to_engine_options(const sim_options& o) {
    engine_options e;
    e.max_num_seqs = o.max_num_seqs;
    e.max_num_batched_tokens = o.max_num_batched_tokens;
    e.block_size = o.block_size;
    e.num_blocks = o.kv_blocks;
    e.prefix_caching = o.prefix_caching;
    e.step_base = o.fast ? duration::zero() : o.inter_token_time;
    e.prefill_token = o.fast ? duration::zero() : o.prefill_time_per_token;
    e.decode_seq = o.fast ? duration::zero() : o.decode_time_per_seq;
    e.jitter = std::clamp(o.jitter, 0.0, 0.5);
    e.policy = o.policy;
    e.max_queued = o.max_queue;
    e.max_loras = o.max_loras;
    e.lora_load = o.fast ? duration::zero() : o.lora_load_time;
    e.seed = o.seed;
    return e;
}

}  // namespace weir::sim
