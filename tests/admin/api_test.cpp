#include "admin/api.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include <string>

#include "config/yaml.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

namespace {

const std::string json_type = "content-type: application/json\r\n";

/// Strictly RFC 8259, read by the configuration's reader.
bool is_json_object(const std::string& text) {
    const weir::config::source_file file{"answer", text};
    weir::config::text_window window;
    window.file = &file;
    window.text = file.text;
    weir::config::findings found;
    bool object = false;
    const bool good = weir::config::read_json(window, found, [&](weir::config::node&& root) {
        object = root.is_mapping() && root.get("apiVersion") != nullptr;
    });
    return good && object && !found.has_errors();
}

}  // namespace

TEST_SUITE("admin/api") {
    TEST_CASE("every read answers JSON with its version, and HEAD the same without a body") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("r1")); });
        for (const std::string path :
             {"/v1/config", "/v1/status", "/v1/pools", "/v1/endpoints", "/v1/queues",
              "/v1/decisions", "/v1/decisions/r1", "/v1/build", "/v1/process"}) {
            CAPTURE(path);
            const auto a = f.get(path);
            CHECK(a.status == 200);
            CHECK(a.says("content-type: application/json"));
            CHECK(is_json_object(a.body));
            CHECK(a.has("\"apiVersion\":\"v1\""));
            CHECK_FALSE(a.says("access-control-"));
            const auto head = f.ask("HEAD", path);
            CHECK(head.status == 200);
            CHECK(head.body.empty());
        }
    }

    TEST_CASE("a wrong path names the nearest one, a wrong method the right ones") {
        fixture f;
        const auto near = f.get("/v1/endpoint");
        CHECK(near.status == 404);
        CHECK(near.has("did you mean /v1/endpoints?"));
        CHECK(f.get("/endpoints").has("/v1/endpoints"));
        CHECK(f.get("/v1/decisions/").status == 404);
        const auto read = f.ask("DELETE", "/v1/pools");
        CHECK(read.status == 405);
        CHECK(read.says("allow: GET, HEAD"));
        const auto write = f.get("/v1/reload");
        CHECK(write.status == 405);
        CHECK(write.says("allow: POST"));
        CHECK(f.about.reloads.empty());
    }

    TEST_CASE("a name that was rebound to this address is refused") {
        fixture f;
        CHECK(f.get("/livez", "host: evil.example\r\n").status == 403);
        CHECK(f.get("/livez", "host: evil.example:9901\r\n").status == 403);
        CHECK(f.get("/livez", "host: localhost:1234\r\n").status == 200);
        CHECK(f.get("/livez", "host: [::1]:9901\r\n").status == 200);
        CHECK(f.get("/livez", "host: 10.0.0.1\r\n").status == 200);
    }

    TEST_CASE("a write needs a JSON type and no foreign origin") {
        fixture f;
        const auto own = "origin: http://" + f.authority() + "\r\n";
        CHECK(f.ask("POST", "/v1/log", "", R"({"v":1})").status == 415);
        CHECK(f.ask("POST", "/v1/log", "content-type: text/plain\r\n", R"({"v":1})").status == 415);
        CHECK(f.ask("POST", "/v1/log", json_type + own, R"({"v":1})").status == 200);
        const std::string with_charset = "content-type: application/json; charset=utf-8\r\n";
        CHECK(f.ask("POST", "/v1/log", with_charset, R"({"v":1})").status == 200);
        for (const std::string origin :
             {"http://evil.example", "null", "http://127.0.0.1:1", "file://"}) {
            CAPTURE(origin);
            const auto fields = json_type + "origin: " + origin + "\r\n";
            CHECK(f.ask("POST", "/v1/reload", fields, "{}").status == 403);
        }
        CHECK(f.about.reloads.empty());
    }

    TEST_CASE("reload and drain work without a body") {
        fixture f;
        CHECK(f.ask("POST", "/v1/reload").status == 200);
        const auto dry = f.ask("POST", "/v1/reload?dryRun=1");
        CHECK(dry.has("\"dryRun\":true"));
        CHECK(dry.has("\"findings\":[]"));
        CHECK(f.ask("POST", "/v1/reload", "content-type: text/plain\r\n").status == 415);
        CHECK(f.about.reloads == std::vector<bool>{false, true});
        CHECK(f.ask("POST", "/v1/drain").has("\"draining\":true"));
        // The answer goes out first.
        const auto limit = weir::steady_clock::now() + std::chrono::seconds(5);
        while (!f.about.drained && weir::steady_clock::now() < limit) std::this_thread::yield();
        CHECK(f.about.drained);
    }

    TEST_CASE("a reload that was refused tells its findings") {
        fixture f;
        f.on_loop([&] {
            f.about.report.ok = false;
            f.about.report.sentence = "1 error; the old one stays";
            f.about.report.found.error("WEIR0203", "unknown field \"x\"", {}).help = "remove it";
        });
        const auto a = f.post("/v1/reload", "{}");
        CHECK(a.status == 422);
        CHECK(is_json_object(a.body));
        CHECK(a.has("WEIR0203"));
        CHECK(a.has("\"errors\":1"));
        CHECK(f.post("/v1/reload?dryRun=1", "{}").status == 200);
        CHECK(f.get("/v1/config").has("the old one stays"));
    }

    TEST_CASE("a body of more than 1 MiB is refused") {
        fixture f;
        const auto a = f.post("/v1/explain", std::string((1U << 20) + 1, ' '));
        CHECK(a.status == 413);
        CHECK(a.has("1 MiB"));
    }

    TEST_CASE("readiness lists its checks as Kubernetes does") {
        fixture f;
        CHECK(f.get("/livez").body == "ok");
        CHECK(f.get("/readyz").body == "ok");
        CHECK(f.get("/readyz?verbose").has("[+]configuration ok\n[+]listeners ok\n"));
        f.on_loop([&] { f.about.checks.push_back({"first-scrape", false, "not yet"}); });
        const auto a = f.get("/readyz?verbose");
        CHECK(a.status == 503);
        CHECK(a.has("[-]first-scrape failed: not yet\n"));
        CHECK(f.get("/readyz").status == 503);
        CHECK(f.get("/livez").status == 200);
    }

    TEST_CASE("metrics come as text of format 0.0.4") {
        fixture f;
        const auto a = f.get("/metrics");
        CHECK(a.says("content-type: text/plain; version=0.0.4; charset=utf-8"));
        CHECK(a.has("weir_test_total{a=\"b\"} 3"));
    }

    TEST_CASE("the list of links is a page for browsers and text for others") {
        fixture f;
        CHECK(f.get("/").has("POST /v1/reload"));
        CHECK(f.get("/").says("text/plain"));
        const auto page = f.get("/", "accept: text/html,*/*\r\n");
        CHECK(page.says("text/html"));
        CHECK(page.has("href=\"/v1/endpoints\""));
        CHECK(page.says("content-security-policy: default-src 'self'"));
    }

    TEST_CASE("status is a Kubernetes list") {
        fixture f;
        CHECK(
            f.get("/v1/status").body ==
            R"({"apiVersion":"v1","kind":"List","items":[{"apiVersion":"gateway.networking.k8s.io/v1",)"
            R"("kind":"HTTPRoute","metadata":{"name":"web","namespace":"default"},)"
            R"("status":{"parents":[]}}]})"
            "\n");
    }

    TEST_CASE("endpoints tell address, state, signals and their age") {
        fixture f;
        f.on_loop([&] { f.about.tell(1, 4, 2, 0.5); });
        const auto a = f.get("/v1/endpoints");
        CHECK(a.has(R"("address":"127.0.0.11:8000")"));
        CHECK(a.has(R"("id":"default/pod-2")"));
        CHECK(a.has(R"("state":"ready")"));
        CHECK(a.has(R"("waiting":4,"running":2,"kvUsage":0.5)"));
        CHECK(a.has(R"("waiting":null)"));
        CHECK(a.has(R"("labels":{"app":"llama"})"));
        CHECK(f.get("/v1/endpoints?pool=default/none").has(R"("endpoints":[])"));
        const auto pools = f.get("/v1/pools");
        CHECK(pools.has(R"("id":"default/llama")"));
        CHECK(pools.has(R"("ready":3)"));
    }

    TEST_CASE("the administrator adds, drains and removes endpoints") {
        fixture f;
        const auto add = R"({"action":"add","name":"new","address":"127.0.0.99:81"})";
        CHECK(f.post("/v1/endpoints", add).status == 200);
        CHECK(f.get("/v1/endpoints").has(R"("address":"127.0.0.99:81")"));
        CHECK(f.post("/v1/endpoints", R"({"action":"drain","id":"default/new"})").status == 200);
        CHECK(f.get("/v1/endpoints").has(R"("draining":true)"));
        CHECK(f.post("/v1/endpoints", R"({"action":"undrain","id":"default/new"})").status == 200);
        CHECK_FALSE(f.get("/v1/endpoints").has(R"("draining":true)"));
        CHECK(f.post("/v1/endpoints", R"({"action":"remove","id":"default/new"})").status == 200);
        CHECK_FALSE(f.get("/v1/endpoints").has("127.0.0.99"));
        CHECK(f.post("/v1/endpoints", R"({"action":"remove","id":"default/new"})").status == 404);
        CHECK(f.post("/v1/endpoints", R"({"action":"add","address":"nowhere"})").status == 400);
        CHECK(f.post("/v1/endpoints", R"({"action":"ad"})").status == 400);
    }

    TEST_CASE("verbosity is a number from 0 to 5") {
        fixture f;
        CHECK(f.post("/v1/log", R"({"v":6})").status == 400);
        CHECK(f.post("/v1/log", R"({"v":"1"})").status == 400);
        CHECK(f.post("/v1/log", R"({"w":1})").has("did you mean"));
        CHECK(f.post("/v1/log", R"([1])").status == 400);
        CHECK(f.post("/v1/log", R"({"v":1})").body == "{\"apiVersion\":\"v1\",\"v\":1}\n");
    }

    TEST_CASE("queues are empty while flow control is off") {
        fixture f;
        const auto a = f.get("/v1/queues");
        CHECK(a.has(R"("flowControl":false,"queues":[])"));
        CHECK(a.has(R"("maxRequests":5000)"));
    }
}

TEST_SUITE("admin/decision_pages") {
    TEST_CASE("decisions come newest first, at most the limit") {
        fixture f;
        f.on_loop([&] {
            for (int i = 0; i < 5; ++i)
                f.about.records.push_back(f.about.record("r" + std::to_string(i)));
        });
        const auto a = f.get("/v1/decisions?limit=2");
        CHECK(a.body.find("\"id\":\"r4\"") < a.body.find("\"id\":\"r3\""));
        CHECK_FALSE(a.has("\"id\":\"r2\""));
        CHECK(a.has(R"("time":"2026-01-01T00:00:00.000Z")"));
        CHECK(f.get("/v1/decisions?limit=x").status == 400);
        CHECK(f.get("/v1/decisions/none").status == 404);
    }

    TEST_CASE("one decision is made again from its recorded signals") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("r1")); });
        const auto a = f.get("/v1/decisions/r1");
        CHECK(a.has(R"("source":"recomputed")"));
        CHECK(a.has(R"("endpoint":"default/pod-2","address":"127.0.0.12:8000","targets")"));
        CHECK(a.has(R"("raw":)"));
    }

    TEST_CASE("after a change the recorded totals are told, not new ones") {
        fixture f;
        f.on_loop([&] {
            auto r = f.about.record("old");
            r.runtime_version = 1;
            r.candidates[1].total = 2.5F;
            f.about.records.push_back(r);
        });
        const auto a = f.get("/v1/decisions/old");
        CHECK(a.has(R"("source":"recorded")"));
        CHECK(a.has(R"("total":2.5)"));
        CHECK_FALSE(a.has(R"("raw":)"));
    }
}

TEST_SUITE("admin/decision_stream") {
    TEST_CASE("the stream tells a new decision, then that it ended, and nothing old") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("before")); });
        std::string out;
        const std::string request =
            "GET /v1/decisions/stream HTTP/1.1\r\nhost: " + f.authority() + "\r\n\r\n";
        std::thread reader([&] { out = f.exchange(request, "event: update"); });
        f.on_loop([&] {
            auto r = f.about.record("fresh");
            r.wall_ms = 4'000'000'000'000;  // later than any start of the stream
            r.total_ms = -1;
            f.about.records.push_back(r);
        });
        // The first event is seen before the decision ends: the stream polls in between.
        f.exchange(request, "event: decision");
        f.exchange(request, ": still here");
        f.on_loop([&] { f.about.records.back().total_ms = 5; });
        reader.join();
        CHECK(out.find("content-type: text/event-stream") != std::string::npos);
        CHECK(out.find("\"id\":\"fresh\"") != std::string::npos);
        CHECK(out.find("event: decision") < out.find("event: update"));
        CHECK(out.find("before") == std::string::npos);
    }
}

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
}
