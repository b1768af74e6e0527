#include <doctest/doctest.h>

#include "sim/json_reader.hpp"
#include "sim/metrics_page.hpp"

using namespace weir::sim;

namespace {

metrics_view view(const telemetry& t) {
    metrics_view v;
    v.totals = &t;
    v.model = "m";
    v.running = 2;
    v.waiting = 4;
    v.kv_usage = 0.25;
    v.block_size = 32;
    v.num_blocks = 100;
    v.prompt_tokens = 82;
    v.cached_tokens = 37;
    v.generated_tokens = 48;
    v.max_num_seqs = 8;
    return v;
}

bool has(std::string_view page, std::string_view line) {
    return page.find("\n" + std::string(line) + "\n") != std::string_view::npos;
}

}  // namespace

TEST_SUITE("sim/metrics_engines") {
    const telemetry t;

    TEST_CASE("SGLang's page") {
        const auto page = sglang_page(view(t), true);
        const std::string labels =
            R"({engine_type="unified",model_name="m",moe_ep_rank="0",pp_rank="0",tp_rank="0"})";
        CHECK(has(page, "sglang:num_running_reqs" + labels + " 2.0"));
        CHECK(has(page, "sglang:num_queue_reqs" + labels + " 4.0"));
        CHECK(has(page, "sglang:token_usage" + labels + " 0.25"));
        CHECK(page.find(R"(num_pages="100",page_size="32"})") != std::string::npos);
        CHECK(page.find("sglang:time_to_first_token_seconds_bucket") != std::string::npos);
        CHECK(sglang_page(view(t), false).find("_bucket") == std::string::npos);
    }

    TEST_CASE("llama.cpp's page has no labels and no KV use") {
        const auto page = llamacpp_page(view(t));
        CHECK(has(page, "llamacpp:requests_processing 2.0"));
        CHECK(has(page, "llamacpp:requests_deferred 4.0"));
        CHECK(has(page, "llamacpp:prompt_tokens_total 45.0"));
        CHECK(has(page, "llamacpp:prompt_tokens_cached_total 37.0"));
        CHECK(page.find('{') == std::string::npos);
        CHECK(page.find("kv_cache") == std::string::npos);
        CHECK(page.size() < 3'000);
    }

    TEST_CASE("trtllm-serve has JSON at one path and Prometheus at the other") {
        const auto page = trtllm_page(view(t), false);
        CHECK(has(page, R"(trtllm_num_requests_waiting{engine_type="trtllm",model_name="m"} 4.0)"));
        CHECK(
            has(page, R"(trtllm_kv_cache_utilization{engine_type="trtllm",model_name="m"} 0.25)"));
        CHECK(has(page,
                  R"(trtllm_kv_cache_tokens_per_block{engine_type="trtllm",model_name="m"} 32.0)"));
        json_document d;
        const auto page_json = trtllm_json(view(t));
        REQUIRE(d.parse(page_json));
        CHECK(d.root().first().get("numActiveRequests").integer() == 2);
    }

    TEST_CASE("TGI's page") {
        const auto page = tgi_page(view(t), true);
        CHECK(has(page, "tgi_queue_size 4.0"));
        CHECK(has(page, "tgi_batch_current_size 2.0"));
        CHECK(has(page, "tgi_batch_current_max_tokens 800.0"));
    }
}
