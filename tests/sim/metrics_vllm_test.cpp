#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "sim/metrics_page.hpp"

using namespace weir::sim;

namespace {

metrics_view view(const telemetry& t) {
    metrics_view v;
    v.totals = &t;
    v.model = "meta-llama/Llama-3.1-8B-Instruct";
    v.running = 37;
    v.waiting = 12;
    v.deferred = 3;
    v.kv_usage = 0.8731;
    v.block_size = 16;
    v.num_blocks = 27896;
    v.prompt_tokens = 100;
    v.cached_tokens = 40;
    v.max_loras = 4;
    v.running_loras = "sql,chat";
    v.unix_time = 1788184200;
    return v;
}

bool has(std::string_view page, std::string_view line) {
    return page.find("\n" + std::string(line) + "\n") != std::string_view::npos;
}

}  // namespace

TEST_SUITE("sim/metrics_vllm") {
    TEST_CASE("the lines a router reads are vLLM's own") {
        const telemetry t;
        const auto page = vllm_page(view(t), metrics_generation::current, true);
        for (
            const char* line :
            {R"(vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 37.0)",
             R"(vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 12.0)",
             R"(vllm:num_requests_waiting_by_reason{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct",reason="capacity"} 9.0)",
             R"(vllm:kv_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.8731)",
             R"(vllm:prefix_cache_hits_total{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 40.0)",
             R"(vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql,chat",waiting_lora_adapters=""} 1.7881842e+09)"}) {
            CAPTURE(line);
            CHECK(has(page, line));
        }
        CHECK(page.find(R"(block_size="16")") != std::string::npos);
        CHECK(page.find(R"(num_gpu_blocks="27896")") != std::string::npos);
    }

    TEST_CASE("coming servers tell the adapters in memory") {
        const telemetry t;
        auto v = view(t);
        v.loaded_loras = {"sql", "chat"};
        const auto page = vllm_page(v, metrics_generation::next, true);
        CHECK(
            has(page,
                R"(vllm:lora_adapter_loaded{adapter_name="chat",level="gpu",pinned="false"} 1.0)"));
        CHECK(page.find("vllm:max_gpu_lora_adapters{") != std::string::npos);
        CHECK(page.find("vllm:num_gpu_loaded_lora_adapters{") != std::string::npos);
        CHECK(page.find("lora_requests_info") == std::string::npos);
        CHECK(has(page,
                  R"(vllm:engine_sleep_state{engine="0",)"
                  R"(model_name="meta-llama/Llama-3.1-8B-Instruct",sleep_state="awake"} 1.0)"));
    }

    TEST_CASE(
        "the full page has the size of a real one, every family once, every sample a number") {
        const telemetry t;
        const auto page = vllm_page(view(t), metrics_generation::current, true);
        CHECK(page.size() > 40'000);
        CHECK(page.size() < 62'000);
        CHECK(std::count(page.begin(), page.end(), '\n') > 480);
        std::set<std::string> families;
        for (const auto line : weir::split(page, '\n')) {
            if (line.starts_with("# TYPE ")) {
                CHECK(families.emplace(line.substr(7, line.find(' ', 7) - 7)).second);
            } else if (!line.empty() && line.front() != '#') {
                const auto value = line.substr(line.rfind(' ') + 1);
                CHECK_MESSAGE(weir::parse_double(value), line);
            }
        }
    }

    TEST_CASE("the legacy page has the old names and no engine label") {
        const telemetry t;
        const auto page = vllm_page(view(t), metrics_generation::legacy, true);
        CHECK(has(
            page,
            R"(vllm:gpu_cache_usage_perc{model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.8731)"));
        CHECK(page.find("kv_cache_usage_perc") == std::string::npos);
        CHECK(page.find("by_reason") == std::string::npos);
        CHECK(page.find("engine=") == std::string::npos);
        CHECK(page.find("vllm:gpu_prefix_cache_hits_total") != std::string::npos);
        CHECK(page.find("vllm:time_per_output_token_seconds_bucket") != std::string::npos);
    }

    TEST_CASE("the compact page keeps the signals and drops the histograms") {
        const telemetry t;
        const auto page = vllm_page(view(t), metrics_generation::current, false);
        CHECK(page.size() < 10'000);
        CHECK(page.find("vllm:num_requests_waiting{") != std::string::npos);
        CHECK(page.find("_bucket") == std::string::npos);
    }
}
