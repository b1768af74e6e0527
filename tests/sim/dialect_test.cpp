#include "sim/dialect.hpp"

#include "sim_fixture.hpp"

using namespace weir::sim;
using namespace weir::sim::test;

namespace {

sim_options of(personality p) {
    auto o = fixture::fast();
    o.engine = p;
    return o;
}

const api_error bad{.status = 400, .type = "BadRequestError", .message = "no", .param = "prompt"};

}  // namespace

TEST_SUITE("sim/dialect") {
    TEST_CASE("each engine writes errors its own way") {
        CHECK(error_body(personality::vllm, api::chat, bad) ==
              R"({"error":{"message":"no","type":"BadRequestError","param":"prompt","code":400}})");
        CHECK(
            error_body(personality::sglang, api::chat, bad) ==
            R"({"object":"error","message":"no","type":"BadRequestError","param":"prompt","code":400})");
        CHECK(error_body(personality::sglang, api::responses, bad).starts_with("{\"error\":{"));
        CHECK(error_body(personality::trtllm, api::responses, bad) == R"({"error":"no"})");
        CHECK(error_body(personality::trtllm, api::chat, unknown_model("x")) ==
              R"({"object":"error","message":"The model `x` does not exist.",)"
              R"("type":"NotFoundError","code":404})");
        const auto context = error_body(personality::llamacpp, api::chat, too_long(100, 90, 11));
        CHECK(context.find(R"("type":"exceed_context_size_error")") != std::string::npos);
        CHECK(context.find(R"("n_prompt_tokens":90,"n_ctx":100)") != std::string::npos);
        CHECK(status_of(personality::tgi, bad) == 422);
        CHECK(status_of(personality::vllm, bad) == 400);
        CHECK(error_body(personality::llamacpp, api::chat, bad) ==
              R"({"error":{"code":400,"message":"no","type":"invalid_request_error"}})");
        CHECK(error_body(personality::tgi, api::chat, queue_full(personality::tgi, 0)) ==
              R"({"error":"Model is overloaded","error_type":"overloaded"})");
        CHECK(error_body(personality::vllm, api::messages, bad) ==
              R"({"type":"error","error":{"type":"invalid_request_error","message":"no"}})");
    }

    TEST_CASE("a full queue is 503, 429 with TGI, or as configured") {
        CHECK(queue_full(personality::vllm, 0).status == 503);
        CHECK(queue_full(personality::tgi, 0).status == 429);
        CHECK(queue_full(personality::vllm, 429).status == 429);
    }

    TEST_CASE("each engine tells its health where it does") {
        CHECK(is_health(personality::vllm, "/ping"));
        CHECK_FALSE(is_health(personality::vllm, "/health_generate"));
        CHECK(is_health(personality::sglang, "/health_generate"));
        CHECK(is_health(personality::llamacpp, "/v1/health"));
        CHECK_FALSE(is_health(personality::llamacpp, "/ping"));
        CHECK(is_health(personality::trtllm, "/health"));
    }

    TEST_CASE("health while loading is 503 in the engine's words") {
        CHECK(health(personality::llamacpp, true).body ==
              R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})");
        CHECK(health(personality::llamacpp, false).body == R"({"status":"ok"})");
        CHECK(health(personality::tgi, true).body ==
              R"({"error":"unhealthy","error_type":"healthcheck"})");
        CHECK(health(personality::vllm, true).status == 503);
    }

    TEST_CASE("llama.cpp serves any model, tells its timings, and closes behind an error") {
        const fixture f(of(personality::llamacpp));
        auto a = f.post("/v1/completions", R"({"model":"whatever","prompt":"a","max_tokens":1})",
                        "X-Request-Id: abc\r\n");
        CHECK(a.status == 200);
        CHECK(a.json().get("timings").get("predicted_n").integer() == 1);
        CHECK(a.json().get("id").string()->starts_with("chatcmpl-"));
        CHECK(a.json().get("id").string() != "chatcmpl-abc");
        auto s = f.post("/v1/completions", R"({"prompt":"a","max_tokens":1,"stream":true})");
        CHECK(s.body.find("\"usage\"") < s.body.find("[DONE]"));
        CHECK(f.get("/props").json().get("total_slots").integer() == 256);
        client c(f.port);
        c.send(fixture::request("POST", "/v1/completions", "{}"));
        c.read();
        CHECK(c.ended);
    }

    TEST_CASE("SGLang has its pages, its adapters' names and its metrics") {
        auto o = of(personality::sglang);
        o.loras = {"ad"};
        const fixture f(o);
        CHECK(f.post("/v1/completions", R"({"model":"m:ad","prompt":"a"})").status == 200);
        CHECK(f.post("/v1/completions", R"({"model":"m:zz","prompt":"a"})")
                  .json()
                  .get("object")
                  .string() == "error");
        auto loads = f.get("/v1/loads");
        for (const auto* name :
             {"dp_rank", "num_running_reqs", "num_waiting_reqs", "num_waiting_uncached_tokens",
              "num_total_reqs", "num_used_tokens", "max_total_num_tokens", "token_usage",
              "gen_throughput", "cache_hit_rate", "utilization", "max_running_requests"}) {
            CAPTURE(name);
            CHECK(loads.json().get("loads").first().get(name).number());
        }
        CHECK(loads.json().get("timestamp").number() > 1e9);
        CHECK(f.get("/v1/loads").json().get("loads").first().get("num_running_reqs").integer() ==
              0);
        auto g = f.post("/generate", R"({"text":"abcd","sampling_params":{"max_new_tokens":2}})");
        CHECK(g.json().get("meta_info").get("completion_tokens").integer() == 2);
        CHECK(f.get("/metrics").body.find("sglang:num_queue_reqs") != std::string::npos);
    }

    TEST_CASE("trtllm-serve and TGI have theirs") {
        const fixture trt(of(personality::trtllm));
        CHECK(trt.get("/metrics").body.starts_with("["));
        CHECK(trt.get("/prometheus/metrics").body.find("trtllm_num_requests_waiting") !=
              std::string::npos);
        const fixture tgi(of(personality::tgi));
        CHECK(tgi.get("/info").json().get("max_batch_total_tokens").integer() > 0);
        CHECK(tgi.post("/generate", R"({"inputs":"a","parameters":{"max_new_tokens":1}})")
                  .json()
                  .get("generated_text")
                  .string()
                  ->size() == 4);
        CHECK(tgi.get("/prometheus/metrics").status == 404);
    }
}
