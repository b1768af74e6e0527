// vLLM's page: every family of its V1 engine, names, types and label order as its client library
// prints them.

#include <array>
#include <utility>

#include "sim/metrics_page.hpp"

namespace weir::sim {
namespace {

double number(std::uint64_t v) { return static_cast<double>(v); }

void queue_and_cache(page_writer& w, const metrics_view& v, metrics_generation generation) {
    w.gauge("vllm:num_requests_running", "Number of requests in model execution batches.",
            v.running);
    w.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", v.waiting);
    if (generation != metrics_generation::legacy) {
        w.family("vllm:num_requests_waiting_by_reason", "Number of waiting requests by reason.",
                 "gauge");
        w.sample("vllm:num_requests_waiting_by_reason", v.waiting - v.deferred,
                 "reason=\"capacity\"");
        w.sample("vllm:num_requests_waiting_by_reason", v.deferred, "reason=\"deferred\"");
        w.gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.",
                v.kv_usage);
    } else {
        w.gauge("vllm:gpu_cache_usage_perc", "GPU KV-cache usage. 1 means 100 percent usage.",
                v.kv_usage);
    }
}

void sleep(page_writer& w, const metrics_view& v) {
    static constexpr std::array<const char*, 3> states{"awake", "weights_offloaded", "discard_all"};
    w.family("vllm:engine_sleep_state", "Engine sleep state.", "gauge");
    for (int i = 0; i < 3; ++i) {
        w.sample("vllm:engine_sleep_state", i == v.sleep_level ? 1 : 0,
                 std::string("sleep_state=\"") + states[static_cast<std::size_t>(i)] + "\"");
    }
}

void cache_config(page_writer& w, const metrics_view& v, metrics_generation generation) {
    std::string labels = "block_size=\"" + std::to_string(v.block_size) +
                         "\",cache_dtype=\"auto\",calculate_kv_scales=\"False\","
                         "cpu_offload_gb=\"0\",enable_prefix_caching=\"";
    labels += v.prefix_caching ? "True\"" : "False\"";
    if (generation != metrics_generation::legacy) labels += ",engine=\"0\"";
    labels +=
        ",gpu_memory_utilization=\"0.9\",is_attention_free=\"False\",num_cpu_blocks=\"None\","
        "num_gpu_blocks=\"" +
        std::to_string(v.num_blocks) +
        "\",num_gpu_blocks_override=\"None\",sliding_window=\"None\",swap_space=\"4\","
        "swap_space_bytes=\"4294967296\"";
    w.family("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", "gauge");
    w.bare("vllm:cache_config_info", labels, 1);
}

void loaded_lora(page_writer& w, const metrics_view& v) {
    w.family("vllm:lora_adapter_loaded", "Adapters in memory.", "gauge");
    for (const auto& name : v.loaded_loras) {
        w.bare("vllm:lora_adapter_loaded",
               "adapter_name=\"" + name + "\",level=\"gpu\",pinned=\"false\"", 1);
    }
    w.gauge("vllm:num_gpu_loaded_lora_adapters", "Adapters on the accelerator.",
            number(v.loaded_loras.size()));
    w.gauge("vllm:max_gpu_lora_adapters", "Adapters that fit there.", v.max_loras);
}

void lora(page_writer& w, const metrics_view& v, metrics_generation generation) {
    if (v.max_loras <= 0) return;
    if (generation == metrics_generation::next) return loaded_lora(w, v);
    w.family("vllm:lora_requests_info", "Running stats on lora requests.", "gauge");
    w.bare("vllm:lora_requests_info",
           "max_lora=\"" + std::to_string(static_cast<long>(v.max_loras)) +
               "\",running_lora_adapters=\"" + v.running_loras + "\",waiting_lora_adapters=\"" +
               v.waiting_loras + "\"",
           v.unix_time);
}

void counters(page_writer& w, const metrics_view& v, metrics_generation generation) {
    const auto& t = *v.totals;
    w.counter("vllm:num_preemptions", "Cumulative number of preemption from the engine.",
              number(v.preemptions));
    w.counter("vllm:prompt_tokens", "Number of prefill tokens processed.", number(v.prompt_tokens));
    w.counter("vllm:generation_tokens", "Number of generation tokens processed.",
              number(v.generated_tokens));
    const bool current = generation != metrics_generation::legacy;
    const std::string cache = current ? "vllm:prefix_cache" : "vllm:gpu_prefix_cache";
    w.counter(cache + "_queries", "Prefix cache queries, in terms of number of queried tokens.",
              number(v.prompt_tokens));
    w.counter(cache + "_hits", "Prefix cache hits, in terms of number of cached tokens.",
              number(v.cached_tokens));
    if (current) {
        w.counter("vllm:prompt_tokens_cached", "Number of cached prompt tokens.",
                  number(v.cached_tokens));
        w.counter("vllm:prompt_tokens_recomputed", "Number of prompt tokens computed again.",
                  number(v.recomputed_tokens));
        w.family("vllm:prompt_tokens_by_source_total", "Prompt tokens by source.", "counter");
        w.sample("vllm:prompt_tokens_by_source_total", number(v.prompt_tokens - v.cached_tokens),
                 "source=\"local_compute\"");
        w.sample("vllm:prompt_tokens_by_source_total", number(v.cached_tokens),
                 "source=\"local_cache_hit\"");
        for (const auto* name : {"vllm:external_prefix_cache", "vllm:mm_cache"}) {
            w.counter(std::string(name) + "_queries", "Cache queries.", 0);
            w.counter(std::string(name) + "_hits", "Cache hits.", 0);
        }
        w.counter("vllm:corrupted_requests", "Corrupted requests, with NaNs in logits.", 0);
        w.family("vllm:admission_rejections_total", "Requests refused at admission.", "counter");
        w.sample("vllm:admission_rejections_total", number(t.rejected_requests),
                 "reason=\"max_num_queued_reqs\"");
        w.sample("vllm:admission_rejections_total", 0, "reason=\"max_num_queued_tokens\"");
        sleep(w, v);
    }
}

void success(page_writer& w, const telemetry& t) {
    static constexpr std::array<const char*, outcomes> reasons{"stop", "length", "abort", "error"};
    w.family("vllm:request_success_total", "Count of successfully processed requests.", "counter");
    for (std::size_t i = 0; i < outcomes; ++i) {
        w.sample("vllm:request_success_total", number(t.finished[i]),
                 std::string("finished_reason=\"") + reasons[i] + "\"");
    }
}

void histograms(page_writer& w, const telemetry& t, metrics_generation generation) {
    w.histogram("vllm:iteration_tokens_total", "Histogram of number of tokens per engine_step.",
                t.iteration_tokens);
    w.histogram("vllm:request_prompt_tokens", "Number of prefill tokens processed.",
                t.prompt_tokens);
    w.histogram("vllm:request_generation_tokens", "Number of generation tokens processed.",
                t.generation_tokens);
    w.histogram("vllm:request_max_num_generation_tokens",
                "Histogram of maximum number of requested generation tokens.",
                t.max_generation_tokens);
    w.histogram("vllm:request_params_n", "Histogram of the n request parameter.", t.params_n);
    w.histogram("vllm:request_params_max_tokens", "Histogram of the max_tokens request parameter.",
                t.params_max_tokens);
    w.histogram("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.",
                t.ttft);
    if (generation != metrics_generation::legacy) {
        w.histogram("vllm:inter_token_latency_seconds",
                    "Histogram of inter-token latency in seconds.", t.inter_token);
        w.histogram("vllm:request_time_per_output_token_seconds",
                    "Histogram of time per output token per request.", t.time_per_output_token);
        w.histogram("vllm:request_prefill_kv_computed_tokens",
                    "Histogram of new KV tokens computed during prefill.", t.computed_tokens);
    } else {
        w.histogram("vllm:time_per_output_token_seconds",
                    "Histogram of time per output token in seconds.", t.inter_token);
    }
    w.histogram("vllm:e2e_request_latency_seconds",
                "Histogram of end to end request latency in seconds.", t.e2e);
    w.histogram("vllm:request_queue_time_seconds",
                "Histogram of time spent in WAITING phase for request.", t.queue);
    w.histogram("vllm:request_inference_time_seconds",
                "Histogram of time spent in RUNNING phase for request.", t.inference);
    w.histogram("vllm:request_prefill_time_seconds",
                "Histogram of time spent in PREFILL phase for request.", t.prefill);
    w.histogram("vllm:request_decode_time_seconds",
                "Histogram of time spent in DECODE phase for request.", t.decode);
}

// The client library's and the web framework's own families, which make up part of every real page.
void process(page_writer& w, const telemetry& t) {
    w.family("python_gc_objects_collected_total", "Objects collected during gc", "counter");
    w.family("python_gc_objects_uncollectable_total", "Uncollectable objects found during GC",
             "counter");
    w.family("python_gc_collections_total", "Number of times this generation was collected",
             "counter");
    for (const auto* name :
         {"python_gc_objects_collected_total", "python_gc_objects_uncollectable_total",
          "python_gc_collections_total"}) {
        for (const auto* generation : {"0", "1", "2"}) {
            w.bare(name, std::string("generation=\"") + generation + "\"", 0);
        }
    }
    w.family("python_info", "Python platform information", "gauge");
    w.bare("python_info",
           R"(implementation="CPython",major="3",minor="12",patchlevel="3",version="3.12.3")", 1);
    w.family("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
             "gauge");
    w.bare("process_start_time_seconds", {}, t.started);
    static constexpr std::array<std::pair<const char*, const char*>, 4> routes{
        {{"/v1/chat/completions", "POST"},
         {"/v1/completions", "POST"},
         {"/metrics", "GET"},
         {"/health", "GET"}}};
    w.family("http_requests_total", "Total number of requests by method, status and handler.",
             "counter");
    for (const auto& [path, method] : routes) {
        w.bare("http_requests_total",
               std::string("handler=\"") + path + "\",method=\"" + method + "\",status=\"2xx\"", 0);
    }
    w.family("http_request_duration_seconds", "Latency with only few buckets by handler.",
             "histogram");
    for (const auto& [path, method] : routes) {
        const auto base = std::string("handler=\"") + path + "\"";
        for (const auto* le : {"0.1", "0.5", "1.0", "+Inf"}) {
            w.bare("http_request_duration_seconds_bucket",
                   base + ",le=\"" + le + "\",method=\"" + method + "\"", 0);
        }
        w.bare("http_request_duration_seconds_count", base + ",method=\"" + method + "\"", 0);
        w.bare("http_request_duration_seconds_sum", base + ",method=\"" + method + "\"", 0);
    }
}

}  // namespace

std::string vllm_page(const metrics_view& v, metrics_generation generation, bool full) {
    const bool current = generation != metrics_generation::legacy;
    page_writer w((current ? "engine=\"0\",model_name=\"" : "model_name=\"") + v.model + "\"",
                  full ? v.totals->started : -1);
    if (full) process(w, *v.totals);
    queue_and_cache(w, v, generation);
    cache_config(w, v, generation);
    lora(w, v, generation);
    counters(w, v, generation);
    success(w, *v.totals);
    if (full) histograms(w, *v.totals, generation);
    return w.take();
}

}  // namespace weir::sim
