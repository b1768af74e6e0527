#include "admin/api.hpp"

#include <doctest/doctest.h>

#include <string>

#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

namespace {

const std::string json_type = "content-type: application/json\r\n";

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
        CHECK(f.ask("PUT", "/v1/endpoints").says("allow: GET, HEAD, POST"));
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
        CHECK(f.ask("POST", "/v1/reload", "sec-fetch-mode: no-cors\r\n", "").status == 403);
        CHECK(f.about.reloads.empty());
    }

    TEST_CASE("a body of more than 1 MiB is refused, unless it is to be explained") {
        fixture f;
        const std::string long_body((1U << 20) + 1, ' ');
        const auto a = f.post("/v1/log", long_body);
        CHECK(a.status == 413);
        CHECK(a.has("1 MiB"));
        CHECK(f.post("/v1/explain", long_body).status == 200);
    }
}
