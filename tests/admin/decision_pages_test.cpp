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
}
