#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/config_pages") {
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

    TEST_CASE("status is a Kubernetes list") {
        fixture f;
        CHECK(
            f.get("/v1/status").body ==
            R"({"apiVersion":"v1","kind":"List","items":[{"apiVersion":"gateway.networking.k8s.io/v1",)"
            R"("kind":"HTTPRoute","metadata":{"name":"web","namespace":"default"},)"
            R"("status":{"parents":[]}}]})"
            "\n");
    }

    TEST_CASE("verbosity is a number from 0 to 5") {
        fixture f;
        CHECK(f.post("/v1/log", R"({"v":6})").status == 400);
        CHECK(f.post("/v1/log", R"({"v":"1"})").status == 400);
        CHECK(f.post("/v1/log", R"({"w":1})").has("did you mean"));
        CHECK(f.post("/v1/log", R"([1])").status == 400);
        CHECK(f.post("/v1/log", R"({"v":1})").body == "{\"apiVersion\":\"v1\",\"v\":1}\n");
    }
}
