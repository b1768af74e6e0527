#include <doctest/doctest.h>

#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/endpoint_pages") {
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
}
