#include <doctest/doctest.h>

#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/explain_page") {
    TEST_CASE("a dry decision takes the endpoint with room and leaves no trace") {
        fixture f;
        f.on_loop([&] {
            f.about.tell(0, 9, 9, 0.9);
            f.about.tell(1, 0, 0, 0.1);
            f.about.tell(2, 9, 9, 0.9);
        });
        const auto a = f.post("/v1/explain", R"({"model":"m","prompt":"hello there"})");
        CHECK(a.status == 200);
        CHECK(is_json_object(a.body));
        CHECK(a.has(R"("endpoint":"default/pod-2")"));
        CHECK(a.has(R"("status":200)"));
        CHECK(a.has(R"("clamped":)"));
        CHECK(a.has(R"("path":"/v1/completions")"));
        const auto after = f.get("/v1/endpoints");
        CHECK(after.has(R"("picks":0)"));
        CHECK_FALSE(after.has(R"("picks":1)"));
        CHECK(f.get("/v1/decisions").has(R"("decisions":[])"));
    }

    TEST_CASE("a seed is a number or, as decisions show it, its digits") {
        fixture f;
        for (const std::string seed :
             {"7", "10753165928301472203", "\"7\"", "\"10753165928301472203\""}) {
            CAPTURE(seed);
            const auto digits = seed.starts_with('"') ? seed.substr(1, seed.size() - 2) : seed;
            CHECK(
                f.post("/v1/explain", R"({"body":{"model":"m","prompt":"x"},"seed":)" + seed + "}")
                    .has("\"seed\":\"" + digits + "\""));
        }
        for (const std::string seed : {"-1", "1.5", "\"\"", "\"7x\"", "18446744073709551616"}) {
            CAPTURE(seed);
            CHECK(f.post("/v1/explain", R"({"body":{},"seed":)" + seed + "}").status == 400);
        }
    }

    TEST_CASE("a body is judged as the gateway judges it") {
        fixture f;
        const auto no_model = f.post("/v1/explain", R"({"prompt":"x"})");
        CHECK(no_model.has(R"("status":400,"reason":"model-not-found")"));
        const auto no_prompt =
            f.post("/v1/explain", R"({"path":"/v1/chat/completions","body":{"model":"m"}})");
        CHECK(no_prompt.has(R"("reason":"prompt-not-found")"));
        const auto broken = f.post("/v1/explain", R"({"body":"{\"model\":"})");
        CHECK(broken.has(R"("reason":"bad-body")"));
        CHECK(f.post("/v1/explain", R"({"pool":"lama","model":"m","prompt":"x"})")
                  .has("did you mean default/llama?"));
        CHECK(f.post("/v1/explain", "{").status == 400);
    }

    TEST_CASE("a sheddable request to a saturated pool is told so") {
        fixture f;
        const auto a =
            f.post("/v1/explain", R"({"model":"m","messages":[{"role":"user","content":"hi"}],)"
                                  R"("headers":{"X-LLM-D-Inference-Objective":"batch"}})");
        CHECK(a.has(R"("status":429,"reason":"saturated")"));
        CHECK(a.has(R"("priority":-1)"));
        CHECK(a.has(R"("saturated":true)"));
    }

    TEST_CASE("a person who asks for text gets the request, the refusal or the table") {
        fixture f;
        const std::string fields = "content-type: application/json\r\naccept: text/plain\r\n";
        const auto picked = f.ask("POST", "/v1/explain", fields, R"({"model":"m","prompt":"x"})");
        CHECK(picked.says("content-type: text/plain"));
        CHECK(picked.has("POST /v1/completions  pool default/llama  model m"));
        CHECK(picked.has("picked default/pod-"));
        const auto refused = f.ask("POST", "/v1/explain", fields, R"({"prompt":"x"})");
        CHECK(refused.has("refused: 400 inference gateway: BadRequest - model not found"));
    }

    TEST_CASE("a request may be given as it is, with members that weir does not read") {
        fixture f;
        const auto a = f.post("/v1/explain", R"({"model":"m","prompt":"x","max_tokens":4,"n":1})");
        CHECK(a.status == 200);
        CHECK(a.has(R"("status":200)"));
        CHECK(f.post("/v1/explain", R"({"bdoy":{"model":"m"}})").has("did you mean \\\"body\\\"?"));
    }

    TEST_CASE("a past request is told as /v1/decisions/ID tells it") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("r1")); });
        CHECK(f.post("/v1/explain", R"({"requestId":"r1"})").body ==
              f.get("/v1/decisions/r1").body);
        CHECK(f.post("/v1/explain", R"({"requestId":"r2"})").status == 404);
        CHECK(f.post("/v1/explain", R"({"requestId":7})").status == 400);
    }
}
