#include "datalayer/engine_mapping.hpp"

#include <initializer_list>

namespace weir::datalayer {
namespace {

std::vector<metric_spec> names(std::initializer_list<const char*> families) {
    std::vector<metric_spec> out;
    for (const auto* f : families) out.push_back({f, {}});
    return out;
}

metric_spec labelled(const char* family, const char* label, const char* value) {
    return {family, {{label, value}}};
}

engine_mapping vllm() {
    engine_mapping e;
    e.name = "vllm";
    e.model_label = "model_name";
    e.specs(signal::waiting) = names({"vllm:num_requests_waiting"});
    e.specs(signal::running) = names({"vllm:num_requests_running"});
    e.specs(signal::kv_usage) = names({"vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"});
    e.specs(signal::lora) = names({"vllm:lora_requests_info"});
    e.specs(signal::lora_loaded) = {labelled("vllm:lora_adapter_loaded", "level", "gpu")};
    e.specs(signal::lora_slots) = names({"vllm:max_gpu_lora_adapters"});
    e.specs(signal::awake) = {labelled("vllm:engine_sleep_state", "sleep_state", "awake")};
    e.specs(signal::cache_info) = names({"vllm:cache_config_info"});
    e.block_size_label = "block_size";
    e.block_count_label = "num_gpu_blocks";
    e.group_label = "engine";
    e.locations = {{}};
    return e;
}

engine_mapping sglang() {
    engine_mapping e;
    e.name = "sglang";
    e.opens_early = true;
    e.model_label = "model_name";
    e.specs(signal::waiting) = names({"sglang:num_queue_reqs"});
    e.specs(signal::running) = names({"sglang:num_running_reqs"});
    e.specs(signal::kv_usage) = names({"sglang:token_usage"});
    e.specs(signal::cache_info) = names({"sglang:cache_config_info"});
    e.block_size_label = "page_size";
    e.block_count_label = "num_pages";
    e.group_label = "dp_rank";
    e.part_label = "priority";
    e.largest_of_group = true;
    e.locations = {{}};
    return e;
}

engine_mapping trtllm_serve() {
    engine_mapping e;
    e.name = "trtllm-serve";
    e.model_label = "model_name";
    e.specs(signal::waiting) = names({"trtllm_num_requests_waiting"});
    e.specs(signal::running) = names({"trtllm_num_requests_running"});
    e.specs(signal::kv_usage) = names({"trtllm_kv_cache_utilization"});
    e.specs(signal::block_size) = names({"trtllm_kv_cache_tokens_per_block"});
    e.specs(signal::block_count) = names({"trtllm_kv_cache_max_blocks"});
    // Its /metrics is a JSON array of iteration statistics, except behind proxies that move the
    // page.
    e.locations = {{"/prometheus/metrics", 0, 0}, {"/metrics", 0, 0}};
    return e;
}

engine_mapping triton_trtllm() {
    constexpr auto* requests = "nv_trt_llm_request_metrics";
    constexpr auto* blocks = "nv_trt_llm_kv_cache_block_metrics";
    engine_mapping e;
    e.name = "triton-tensorrt-llm";
    e.opens_early = true;
    e.model_label = "model";
    e.specs(signal::waiting) = {labelled(requests, "request_type", "waiting")};
    e.specs(signal::running) = {labelled(requests, "request_type", "scheduled")};
    e.specs(signal::kv_usage) = {labelled(blocks, "kv_cache_block_type", "fraction")};
    e.specs(signal::block_size) = {labelled(blocks, "kv_cache_block_type", "tokens_per")};
    e.specs(signal::block_count) = {labelled(blocks, "kv_cache_block_type", "max")};
    e.locations = {{"/metrics", 8000, 8002}, {"/metrics", 0, 0}};
    e.health_path = "/v2/health/ready";
    e.loading_status = 400;
    return e;
}

engine_mapping triton() {
    engine_mapping e;
    e.name = "triton";
    e.opens_early = true;
    e.model_label = "model";
    e.specs(signal::waiting) = names({"nv_inference_pending_request_count"});
    e.specs(signal::running) = names({"nv_inference_exec_count"});
    e.locations = {{"/metrics", 8000, 8002}, {"/metrics", 0, 0}};
    e.health_path = "/v2/health/ready";
    e.loading_status = 400;
    return e;
}

engine_mapping llama_cpp() {
    engine_mapping e;
    e.name = "llama.cpp";
    e.opens_early = true;
    e.specs(signal::waiting) = names({"llamacpp:requests_deferred"});
    e.specs(signal::running) = names({"llamacpp:requests_processing"});
    e.specs(signal::kv_usage) = names({"llamacpp:kv_cache_usage_ratio"});
    e.kv_may_lack = true;
    e.specs(signal::occupied) = names({"llamacpp:requests_processing"});
    e.capacity = {"/props", "total_slots", "slots"};
    e.locations = {{}};
    return e;
}

engine_mapping tgi() {
    engine_mapping e;
    e.name = "tgi";
    e.opens_early = true;
    e.specs(signal::waiting) = names({"tgi_queue_size"});
    e.specs(signal::running) = names({"tgi_batch_current_size"});
    e.specs(signal::occupied) = names({"tgi_batch_current_max_tokens"});
    e.capacity = {"/info", "max_batch_total_tokens", "tokens"};
    e.locations = {{}};
    return e;
}

engine_mapping ollama() {
    engine_mapping e;
    e.name = "ollama";
    e.health_path = "/";
    return e;
}

}  // namespace

std::string_view to_string(signal s) {
    switch (s) {
        case signal::waiting:
            return "waiting";
        case signal::running:
            return "running";
        case signal::kv_usage:
            return "kv_usage";
        case signal::lora:
            return "lora";
        case signal::cache_info:
            return "cache_info";
        case signal::block_size:
            return "block_size";
        case signal::block_count:
            return "block_count";
        case signal::occupied:
            return "occupied";
        case signal::awake:
            return "awake";
        case signal::lora_loaded:
            return "lora_loaded";
        case signal::lora_slots:
            return "lora_slots";
        case signal::custom:
            return "custom";
    }
    return "";
}

const std::vector<engine_mapping>& built_in_engines() {
    static const std::vector<engine_mapping> all = {
        vllm(), sglang(), trtllm_serve(), triton_trtllm(), triton(), llama_cpp(), tgi(), ollama()};
    return all;
}

}  // namespace weir::datalayer
