#include <doctest/doctest.h>

#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

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

    TEST_CASE("scores that come out otherwise today are told as they were") {
        fixture f;
        f.on_loop([&] {
            auto r = f.about.record("learned");
            for (std::size_t i = 0; i < r.candidates.size(); ++i) {
                auto& c = r.candidates[i];
                c.filtered = false;
                c.scores = {0.125F * static_cast<float>(i), 0.5F, 0.75F, 0.25F};
                c.total = 1 + static_cast<double>(i);
            }
            f.about.records.push_back(r);
        });
        const auto a = f.get("/v1/decisions/learned");
        CHECK(a.has(R"("source":"recorded scores","exact":true)"));
        CHECK(a.has(R"("endpoint":"default/pod-3","total":3)"));
        CHECK(a.has(R"("endpoint":"default/pod-3","raw":0.25,"clamped":0.25)"));
        CHECK(a.has(R"("picks":["default/pod-2"])"));
        CHECK(a.has(R"("decision":{"endpoint":"default/pod-2")"));
    }

    TEST_CASE("after a change the recorded totals are told, not new ones") {
        fixture f;
        f.on_loop([&] {
            auto r = f.about.record("old");
            r.runtime_version = 1;
            r.candidates[1].filtered = false;
            r.candidates[1].total = 2.5;
            f.about.records.push_back(r);
        });
        const auto a = f.get("/v1/decisions/old");
        CHECK(a.has(R"("source":"recorded")"));
        CHECK(a.has(R"("total":2.5)"));
        CHECK_FALSE(a.has(R"("raw":)"));
    }

    TEST_CASE("a person who asks for text gets the table") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("r1")); });
        const auto a = f.get("/v1/decisions/r1", "accept: text/plain\r\n");
        CHECK(a.status == 200);
        CHECK(a.says("content-type: text/plain"));
        CHECK(a.has("request r1, priority 0"));
        CHECK(a.has("profile default"));
    }

    TEST_CASE("a person is told of every attempt, and of a refusal before any") {
        fixture f;
        f.on_loop([&] {
            auto r = f.about.record("again");
            r.attempts = {{1, 0}, {2, 200}};
            f.about.records.push_back(r);
            auto shed = f.about.record("shed");
            shed.candidates.clear();
            shed.endpoint.clear();
            shed.status = 429;
            shed.reason = "saturated";
            f.about.records.push_back(shed);
        });
        const std::string text = "accept: text/plain\r\n";
        CHECK(f.get("/v1/decisions/again", text)
                  .has("tried default/pod-2: no answer, then default/pod-3: 200"));
        CHECK(f.get("/v1/decisions").has(R"({"endpoint":"default/pod-3","endpointIndex":2)"));
        CHECK(f.get("/v1/decisions/shed", text)
                  .has("weir answered 429 itself before an endpoint was chosen: saturated"));
        CHECK(f.get("/v1/decisions/none", text).body.starts_with("no decision of request none"));
    }

    TEST_CASE("an id may stand percent-encoded in the path") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("a/b?c+d")); });
        CHECK(f.get("/v1/decisions/a%2Fb%3Fc+d").status == 200);
    }
}
