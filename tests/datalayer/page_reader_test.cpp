#include "datalayer/page_reader.hpp"

#include <doctest/doctest.h>

#include "../support/allocations.hpp"

using namespace weir::datalayer;

namespace {

/// Reads pages with one reader, as the scraper does.
struct fixture {
    extraction_plan plan{built_in_engines()};
    page_reader reader;
    exposition_parser parser;
    page_verdict verdict = page_verdict::complete;

    const page_values& read(std::string_view text) {
        reader.start(plan);
        parser.start(plan.families(), reader);
        for (std::size_t at = 0; at < text.size(); at += 97) parser.feed(text.substr(at, 97));
        verdict = parser.finish(true, false);
        return reader.finish();
    }
};

std::string engine_of(const page_values& v) { return v.engine == nullptr ? "" : v.engine->name; }

}  // namespace

TEST_SUITE("datalayer/page_reader") {
    TEST_CASE(
        "vLLM: adapters in memory stand in for those with requests where only they are told") {
        fixture f;
        const std::string load = "vllm:num_requests_waiting 1\n";
        const std::string loaded =
            "vllm:lora_adapter_loaded{adapter_name=\"a\",level=\"gpu\",pinned=\"false\"} 1\n"
            "vllm:lora_adapter_loaded{adapter_name=\"b\",level=\"cpu\",pinned=\"false\"} 1\n"
            "vllm:lora_adapter_loaded{adapter_name=\"c\",level=\"gpu\",pinned=\"true\"} 1\n"
            "vllm:lora_adapter_loaded{adapter_name=\"d\",level=\"gpu\",pinned=\"true\"} 0\n"
            "vllm:max_gpu_lora_adapters 8\n";
        const auto& v = f.read(load + loaded);
        CHECK(v.of(signal::lora) == presence::good);
        CHECK(v.lora_running == "a,c");
        CHECK(v.lora_max == 8);
        CHECK(f.read(load + "vllm:max_gpu_lora_adapters 8\n").lora_running.empty());
        CHECK(v.lora_max == 8);
        f.read(load + loaded +
               "vllm:lora_requests_info{max_lora=\"2\",running_lora_adapters=\"z\","
               "waiting_lora_adapters=\"\"} 1.7e9\n");
        CHECK(v.lora_running == "z");
        CHECK(v.lora_max == 2);
        f.read(load);
        CHECK(v.of(signal::lora) == presence::absent);
    }

    TEST_CASE("vLLM: asleep is who says 0 to awake, with all its engines") {
        fixture f;
        const auto asleep = [&](const char* first, const char* second) {
            const auto state = [](const char* engine, const char* value) {
                return std::string("vllm:engine_sleep_state{engine=\"") + engine +
                       "\",sleep_state=\"awake\"} " + value +
                       "\nvllm:engine_sleep_state{engine=\"" + engine +
                       "\",sleep_state=\"discard_all\"} 0\n";
            };
            return f.read("vllm:num_requests_waiting 1\n" + state("0", first) + state("1", second))
                .asleep;
        };
        CHECK(asleep("0", "0"));
        CHECK_FALSE(asleep("1", "0"));
        CHECK_FALSE(asleep("NaN", "0"));
        CHECK_FALSE(f.read("vllm:num_requests_waiting 1\n").asleep);
    }

    TEST_CASE("vLLM: queue, running, KV, cache geometry and adapters") {
        fixture f;
        const auto& v = f.read(
            R"(# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 37.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 12.0
# TYPE vllm:num_requests_waiting_by_reason gauge
vllm:num_requests_waiting_by_reason{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct",reason="capacity"} 9.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct",reason="deferred"} 3.0
vllm:kv_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.8731
vllm:cache_config_info{block_size="16",cpu_offload_gb="None",enable_prefix_caching="True",engine="0",num_gpu_blocks="27896"} 1.0
vllm:prefix_cache_hits_total{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 8.123904e+06
vllm:lora_requests_info{max_lora="4",running_lora_adapters="",waiting_lora_adapters=""} 1.7881840e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql, chat",waiting_lora_adapters="c"} 1.7881842e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="old",waiting_lora_adapters=""} 1.7881841e+09
)");
        CHECK(engine_of(v) == "vllm");
        CHECK(v.waiting == 12);
        CHECK(v.running == 37);
        CHECK(v.kv_usage == 0.8731);
        CHECK(v.block_size == 16);
        CHECK(v.block_count == 27896);
        CHECK(v.ignored == 0);
        const auto lora = parse_lora(v.lora_running, v.lora_waiting, v.lora_max);
        CHECK(lora.active == std::vector<std::string>{"sql", "chat"});
        CHECK(lora.waiting == std::vector<std::string>{"c"});
        CHECK(lora.max_active == 4);
        CHECK(f.reader.missing(*v.engine).empty());
    }

    TEST_CASE("vLLM: the older KV name counts where the newer one is not there") {
        fixture f;
        CHECK(f.read("vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.4\n").kv_usage == 0.4);
        CHECK(f.read("vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.4\n"
                     "vllm:kv_cache_usage_perc{model_name=\"m\"} 0.5\n")
                  .kv_usage == 0.5);
    }

    TEST_CASE("vLLM: data-parallel engines are added up, KV is the fullest") {
        fixture f;
        const auto& v = f.read(R"(vllm:num_requests_waiting{engine="0",model_name="m"} 1
vllm:num_requests_waiting{engine="1",model_name="m"} 2
vllm:num_requests_waiting{engine="0",model_name="m"} 100
vllm:num_requests_running{engine="0",model_name="m"} 10
vllm:num_requests_running{engine="1",model_name="m"} 20
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.9
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.1
vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="500"} 1
vllm:cache_config_info{block_size="16",engine="1",num_gpu_blocks="600"} 1
)");
        CHECK(v.waiting == 3);
        CHECK(v.running == 30);
        CHECK(v.kv_usage == 0.9);
        CHECK(v.block_count == 500);
    }

    TEST_CASE("among duplicates the largest timestamp counts, without timestamps the first") {
        fixture f;
        CHECK(f.read("vllm:num_requests_waiting 1 100\nvllm:num_requests_waiting 2 300\n"
                     "vllm:num_requests_waiting 3 200\n")
                  .waiting == 2);
        CHECK(f.read("vllm:num_requests_waiting 1\nvllm:num_requests_waiting 2\n").waiting == 1);
    }

    TEST_CASE(
        "SGLang: totals of priority scheduling once, tensor-parallel ranks once, data-parallel "
        "ranks added") {
        fixture f;
        const auto& v = f.read(
            R"(sglang:num_running_reqs{engine_type="unified",model_name="m",priority="",tp_rank="0"} 162.0
sglang:num_running_reqs{engine_type="unified",model_name="m",priority="1",tp_rank="0"} 100.0
sglang:num_running_reqs{engine_type="unified",model_name="m",priority="2",tp_rank="0"} 62.0
sglang:num_queue_reqs{dp_rank="0",model_name="m",tp_rank="0"} 5
sglang:num_queue_reqs{dp_rank="0",model_name="m",tp_rank="1"} 6
sglang:num_queue_reqs{dp_rank="1",model_name="m",tp_rank="2"} 7
sglang:num_queue_reqs{dp_rank="1",model_name="m",tp_rank="3"} 7
sglang:token_usage{engine_type="unified",model_name="m",moe_ep_rank="0",pp_rank="0",tp_rank="0"} 0.28
sglang:cache_config_info{model_name="m",num_pages="2048",page_size="64"} 1
)");
        CHECK(engine_of(v) == "sglang");
        CHECK(v.running == 162);
        CHECK(v.waiting == 13);
        CHECK(v.kv_usage == 0.28);
        CHECK(v.block_size == 64);
        CHECK(v.block_count == 2048);
    }

    TEST_CASE("trtllm-serve: gauges, and its JSON page is no page") {
        fixture f;
        const auto& v =
            f.read(R"(trtllm_num_requests_running{engine_type="trtllm",model_name="m"} 3.0
trtllm_num_requests_waiting{engine_type="trtllm",model_name="m"} 2.0
trtllm_kv_cache_utilization{engine_type="trtllm",model_name="m"} 0.25
trtllm_kv_cache_tokens_per_block{engine_type="trtllm",model_name="m"} 32.0
trtllm_kv_cache_max_blocks{engine_type="trtllm",model_name="m"} 101.0
)");
        CHECK(engine_of(v) == "trtllm-serve");
        CHECK(v.waiting == 2);
        CHECK(v.running == 3);
        CHECK(v.kv_usage == 0.25);
        CHECK(v.block_size == 32);
        CHECK(v.block_count == 101);
        CHECK(f.read(R"([{"gpuMemUsage":1,"iter":2,"kvCacheStats":{"usedNumBlocks":3}}])").engine ==
              nullptr);
        CHECK(f.verdict == page_verdict::not_metrics);
    }

    TEST_CASE("Triton with TensorRT-LLM: series of one family told apart by a label") {
        fixture f;
        const auto& v =
            f.read(R"(nv_inference_pending_request_count{model="ensemble",version="1"} 55
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="context",version="1"} 9
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 1
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 2
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 0.4875
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="tensorrt_llm",version="1"} 64
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="tensorrt_llm",version="1"} 1
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="tensorrt_llm",version="1"} 6239
)");
        CHECK(engine_of(v) == "triton-tensorrt-llm");
        CHECK(v.waiting == 1);
        CHECK(v.running == 2);
        CHECK(v.kv_usage == 0.4875);
        CHECK(v.block_size == 64);
        CHECK(v.block_count == 6239);
    }

    TEST_CASE("plain Triton") {
        fixture f;
        const auto& v = f.read(
            "nv_inference_exec_count{model=\"m\",version=\"1\"} 4\n"
            "nv_inference_pending_request_count{model=\"m\",version=\"1\"} 3\n");
        CHECK(engine_of(v) == "triton");
        CHECK(v.waiting == 3);
        CHECK(v.running == 4);
    }

    TEST_CASE("llama.cpp: no labels, no KV metric and nothing to complain about") {
        fixture f;
        const auto& v = f.read(R"(# HELP llamacpp:requests_processing Number of requests processing.
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 2
llamacpp:requests_deferred 4
llamacpp:n_busy_slots_per_decode 1.97
llamacpp:prompt_tokens_total 45
)");
        CHECK(engine_of(v) == "llama.cpp");
        CHECK(v.waiting == 4);
        CHECK(v.running == 2);
        CHECK(v.of(signal::kv_usage) == presence::absent);
        CHECK(f.reader.missing(*v.engine).empty());
    }

    TEST_CASE("TGI") {
        fixture f;
        const auto& v = f.read("tgi_queue_size 6\ntgi_batch_current_size 8\ntgi_request_count 5\n");
        CHECK(engine_of(v) == "tgi");
        CHECK(v.waiting == 6);
        CHECK(v.running == 8);
    }

    TEST_CASE("once warm, a page of 50 KB is read without asking for memory") {
        std::string page =
            "vllm:num_requests_waiting{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B\"} 12.0\n"
            "vllm:num_requests_running{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B\"} 37.0\n"
            "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B\"} 0.87\n"
            "vllm:lora_requests_info{max_lora=\"4\",running_lora_adapters=\"sql-of-this,chat\","
            "waiting_lora_adapters=\"another-that-is-long\"} 1.7e9\n";
        while (page.size() < 50'000) {
            page += "vllm:time_to_first_token_seconds_bucket{le=\"" + std::to_string(page.size()) +
                    "\",model_name=\"meta-llama/Llama-3.1-8B\"} 7.0\n";
        }
        fixture f;
        for (int i = 0; i < 3; ++i) f.read(page);
        const auto before = weir::test::allocations();
        for (int i = 0; i < 20; ++i) f.read(page);
        CHECK(weir::test::allocations() == before);
        CHECK(f.read(page).waiting == 12);
    }

    TEST_CASE("samples that say nothing are ignored and counted, never taken for zero") {
        fixture f;
        for (const auto* bad : {"NaN", "+Inf", "-Inf", "-1", "1e308", "0x1p3", ""}) {
            CAPTURE(bad);
            const auto& v = f.read("vllm:num_requests_waiting{engine=\"0\"} " + std::string(bad) +
                                   "\nvllm:kv_cache_usage_perc{engine=\"0\"} " + bad +
                                   "\nvllm:num_requests_running{engine=\"0\"} 1\n");
            CHECK(v.of(signal::waiting) == presence::flawed);
            CHECK(v.of(signal::kv_usage) == presence::flawed);
            CHECK(v.of(signal::running) == presence::good);
            CHECK(v.ignored == 2);
        }
    }

    TEST_CASE("one bad data-parallel engine spoils the sum; a good duplicate heals a bad one") {
        fixture f;
        CHECK(f.read("vllm:num_requests_waiting{engine=\"0\"} "
                     "3\nvllm:num_requests_waiting{engine=\"1\"} NaN\n")
                  .of(signal::waiting) == presence::flawed);
        CHECK(f.read("vllm:num_requests_waiting{engine=\"0\"} "
                     "NaN\nvllm:num_requests_waiting{engine=\"0\"} 3\n")
                  .waiting == 3);
    }

    TEST_CASE("KV above one is clamped and said, counts are cut to whole numbers") {
        fixture f;
        const auto& v = f.read("vllm:kv_cache_usage_perc 87.3\nvllm:num_requests_waiting 2.9\n");
        CHECK(v.kv_usage == 1);
        CHECK(v.kv_clamped);
        CHECK(v.waiting == 2);
    }

    TEST_CASE("cache geometry that is the text None is no geometry") {
        fixture f;
        const auto& v =
            f.read("vllm:cache_config_info{block_size=\"None\",num_gpu_blocks=\"None\"} 1\n");
        CHECK(v.of(signal::cache_info) == presence::flawed);
    }

    TEST_CASE("a page lists the families it lacks by their newest name") {
        fixture f;
        const auto& v = f.read("vllm:num_requests_waiting 1\n");
        const auto missing = f.reader.missing(*v.engine);
        REQUIRE(missing.size() == 3);
        CHECK(missing[0].second == "vllm:num_requests_running");
        CHECK(missing[1].second == "vllm:kv_cache_usage_perc");
        CHECK(missing[2].second == "vllm:cache_config_info");
    }

    TEST_CASE("adapter lists are bounded, trimmed and keep odd names") {
        std::string many;
        for (int i = 0; i < 10000; ++i) many += "a" + std::to_string(i) + ",";
        CHECK(parse_lora(many, "", 1).active.size() == 1024);
        CHECK(parse_lora(" , ,x\"y, ", ",,", 1).active == std::vector<std::string>{"x\"y"});
        fixture f;
        const auto& v = f.read(
            "vllm:lora_requests_info{max_lora=\"x\",running_lora_adapters=\"a\",waiting_lora_"
            "adapters=\"\"} 5\n");
        CHECK(v.of(signal::lora) == presence::flawed);
    }
}
