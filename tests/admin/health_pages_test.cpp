#include <doctest/doctest.h>

#include "admin/gzip.hpp"
#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/health_pages") {
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
        CHECK(a.says("vary: accept-encoding"));
        CHECK_FALSE(a.says("content-encoding"));
        const auto packed = f.get("/metrics", "accept-encoding: gzip\r\n");
        CHECK(packed.says("content-encoding: gzip"));
        CHECK(packed.says("vary: accept-encoding"));
        CHECK(unpacked(packed.body).find("weir_test_total{a=\"b\"} 3") != std::string::npos);
        CHECK_FALSE(f.get("/metrics", "accept-encoding: gzip;q=0\r\n").says("content-encoding"));
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

    TEST_CASE("traffic is told as sums since the start, without labels") {
        fixture f;
        f.on_loop([&] {
            auto& t = f.about.sums;
            t.requests = 3;
            t.output_tokens = 40;
            t.ttft_stream.bounds = {0.1, 1};
            t.ttft_stream.counts = {2, 1, 0};
            t.answers[{"429", "saturated"}] = 2;
        });
        const auto a = f.get("/v1/traffic");
        CHECK(is_json_object(a.body));
        CHECK(a.has(R"("requests":3,"inputTokens":0,"outputTokens":40)"));
        CHECK(a.has(R"("stream":{"bounds":[0.1,1],"counts":[2,1,0]})"));
        CHECK(a.has(R"({"code":"429","reason":"saturated","count":2})"));
    }
}
