// The pages of the other engines.

#include "base/json.hpp"
#include "sim/metrics_page.hpp"

namespace weir::sim {
namespace {

double number(std::uint64_t v) { return static_cast<double>(v); }

}  // namespace

std::string sglang_page(const metrics_view& v, bool full) {
    page_writer w("engine_type=\"unified\",model_name=\"" + v.model +
                      "\",moe_ep_rank=\"0\",pp_rank=\"0\",tp_rank=\"0\"",
                  -1);
    const auto tokens = number(v.block_size) * number(v.num_blocks);
    w.gauge("sglang:num_running_reqs", "The number of running requests.", v.running);
    w.gauge("sglang:num_queue_reqs", "The number of requests in the waiting queue.", v.waiting);
    w.gauge("sglang:num_grammar_queue_reqs", "The number of requests in the grammar queue.", 0);
    w.gauge("sglang:token_usage", "The token usage.", v.kv_usage);
    w.gauge("sglang:full_token_usage", "The token usage of full attention layers.", v.kv_usage);
    w.gauge("sglang:num_used_tokens", "The number of used tokens.", v.kv_usage * tokens);
    w.gauge("sglang:max_total_num_tokens", "The maximum number of tokens.", tokens);
    w.gauge("sglang:gen_throughput", "The generation throughput (token/s).", v.gen_throughput);
    w.gauge("sglang:utilization", "The utilization.",
            v.max_num_seqs == 0 ? 0 : v.running / number(v.max_num_seqs));
    w.gauge("sglang:cache_hit_rate", "The prefix cache hit rate.", v.hit_rate());
    w.gauge("sglang:cache_config_info", "The cache configuration.", 1,
            "num_pages=\"" + std::to_string(v.num_blocks) + "\",page_size=\"" +
                std::to_string(v.block_size) + "\"");
    w.counter("sglang:prompt_tokens", "Number of prefill tokens processed.",
              number(v.prompt_tokens));
    w.counter("sglang:generation_tokens", "Number of generation tokens processed.",
              number(v.generated_tokens));
    w.counter("sglang:cached_tokens", "Number of cached prompt tokens.", number(v.cached_tokens));
    w.counter("sglang:num_aborted_requests", "Number of requests aborted.",
              number(v.totals->finished[static_cast<std::size_t>(outcome::abort)]));
    if (!full) return w.take();
    w.gauge("sglang:num_retracted_reqs", "The number of retracted requests.",
            number(v.preemptions));
    if (v.max_loras > 0) {
        w.gauge("sglang:lora_pool_slots_used", "Adapter slots in use.", number(v.resident_loras));
        w.gauge("sglang:lora_pool_slots_total", "Adapter slots.", v.max_loras);
    }
    w.histogram("sglang:time_to_first_token_seconds",
                "Histogram of time to first token in seconds.", v.totals->ttft);
    w.histogram("sglang:inter_token_latency_seconds",
                "Histogram of inter-token latency in seconds.", v.totals->inter_token);
    w.histogram("sglang:e2e_request_latency_seconds",
                "Histogram of end-to-end request latency in seconds", v.totals->e2e);
    return w.take();
}

std::string llamacpp_page(const metrics_view& v) {
    page_writer w({}, -1);
    const auto& t = *v.totals;
    const auto line = [&w](std::string_view name, std::string_view help, std::string_view type,
                           double value) {
        w.family(name, help, type);
        w.bare(name, {}, value);
    };
    line("llamacpp:prompt_tokens_total", "Number of prompt tokens processed.", "counter",
         number(v.prompt_tokens - v.cached_tokens));
    line("llamacpp:prompt_tokens_cached_total", "Number of prompt tokens from the cache.",
         "counter", number(v.cached_tokens));
    line("llamacpp:prompt_seconds_total", "Prompt process time", "counter", t.prefill.sum());
    line("llamacpp:tokens_predicted_total", "Number of generation tokens processed.", "counter",
         number(v.generated_tokens));
    line("llamacpp:tokens_predicted_seconds_total", "Predict process time", "counter",
         t.decode.sum());
    line("llamacpp:n_decode_total", "Total number of llama_decode() calls", "counter",
         number(v.steps));
    line("llamacpp:n_busy_slots_per_decode", "Average number of busy slots per llama_decode() call",
         "counter", v.steps == 0 ? 0 : number(v.generated_tokens) / number(v.steps));
    line("llamacpp:prompt_tokens_seconds", "Average prompt throughput in tokens/s.", "gauge",
         t.prefill.sum() > 0 ? number(v.prompt_tokens) / t.prefill.sum() : 0);
    line("llamacpp:predicted_tokens_seconds", "Average generation throughput in tokens/s.", "gauge",
         t.decode.sum() > 0 ? number(v.generated_tokens) / t.decode.sum() : 0);
    line("llamacpp:requests_processing", "Number of requests processing.", "gauge", v.running);
    line("llamacpp:requests_deferred", "Number of requests deferred.", "gauge", v.waiting);
    return w.take();
}

std::string trtllm_page(const metrics_view& v, bool full) {
    page_writer w("engine_type=\"trtllm\",model_name=\"" + v.model + "\"", -1);
    const auto used = v.kv_usage * number(v.num_blocks);
    w.gauge("trtllm_num_requests_running", "Number of requests running.", v.running);
    w.gauge("trtllm_num_requests_waiting", "Number of requests waiting.", v.waiting);
    w.gauge("trtllm_max_num_active_requests", "Maximum number of active requests.",
            number(v.max_num_seqs));
    w.gauge("trtllm_kv_cache_utilization", "KV cache utilization.", v.kv_usage);
    w.gauge("trtllm_kv_cache_hit_rate", "KV cache hit rate.", v.hit_rate());
    w.gauge("trtllm_kv_cache_max_blocks", "KV cache blocks.", number(v.num_blocks));
    w.gauge("trtllm_kv_cache_free_blocks", "Free KV cache blocks.", number(v.num_blocks) - used);
    w.gauge("trtllm_kv_cache_used_blocks", "Used KV cache blocks.", used);
    w.gauge("trtllm_kv_cache_tokens_per_block", "Tokens per KV cache block.", number(v.block_size));
    w.family("trtllm_request_success_total", "Count of successfully processed requests.",
             "counter");
    const auto& f = v.totals->finished;
    w.sample("trtllm_request_success_total", number(f[0]), "finished_reason=\"stop\"");
    w.sample("trtllm_request_success_total", number(f[1]), "finished_reason=\"length\"");
    w.sample("trtllm_request_success_total", number(f[2]), "finished_reason=\"cancelled\"");
    if (!full) return w.take();
    w.histogram("trtllm_e2e_request_latency_seconds", "End to end request latency.", v.totals->e2e);
    w.histogram("trtllm_time_to_first_token_seconds", "Time to first token.", v.totals->ttft);
    w.histogram("trtllm_time_per_output_token_seconds", "Time per output token.",
                v.totals->time_per_output_token);
    w.histogram("trtllm_request_queue_time_seconds", "Time in the queue.", v.totals->queue);
    return w.take();
}

// trtllm-serve's `/metrics`: iteration statistics as a JSON array, not Prometheus text.
std::string trtllm_json(const metrics_view& v) {
    json_writer w;
    w.begin_array().begin_object().field("iter", v.steps);
    w.field("numActiveRequests", v.running).field("numQueuedRequests", v.waiting);
    w.field("maxNumActiveRequests", std::uint64_t{v.max_num_seqs});
    w.key("kvCacheStats").begin_object().field("maxNumBlocks", std::uint64_t{v.num_blocks});
    w.field("usedNumBlocks", v.kv_usage * number(v.num_blocks));
    w.field("tokensPerBlock", std::uint64_t{v.block_size}).end_object().end_object().end_array();
    return w.take();
}

std::string tgi_page(const metrics_view& v, bool full) {
    page_writer w({}, -1);
    const auto& t = *v.totals;
    const auto line = [&w](std::string_view name, std::string_view type, double value) {
        w.family(name, "Text generation inference.", type);
        w.bare(name, {}, value);
    };
    line("tgi_queue_size", "gauge", v.waiting);
    line("tgi_batch_current_size", "gauge", v.running);
    line("tgi_batch_current_max_tokens", "gauge",
         v.kv_usage * number(v.block_size) * number(v.num_blocks));
    const auto served = t.finished[0] + t.finished[1];
    line("tgi_request_success", "counter", number(served));
    w.family("tgi_request_failure", "Text generation inference.", "counter");
    w.bare("tgi_request_failure", "err=\"overloaded\"", number(t.rejected_requests));
    line("tgi_request_count", "counter", number(served + t.rejected_requests));
    if (!full) return w.take();
    w.histogram("tgi_request_queue_duration", "Time in the queue.", t.queue);
    w.histogram("tgi_request_duration", "Whole request.", t.e2e);
    w.histogram("tgi_request_mean_time_per_token_duration", "Per token.", t.time_per_output_token);
    return w.take();
}

}  // namespace weir::sim
