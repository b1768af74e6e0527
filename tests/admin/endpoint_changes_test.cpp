#include <doctest/doctest.h>

#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/endpoint_changes") {
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

    TEST_CASE("an endpoint is meant by id, by name or by address, and added by a URL too") {
        fixture f;
        const auto done = [&](const char* body) {
            return f.post("/v1/endpoints", body).status == 200;
        };
        CHECK(done(R"({"action":"add","name":"new","address":"HTTP://127.0.0.99:81"})"));
        CHECK(done(R"({"action":"drain","id":"new"})"));
        CHECK(done(R"({"action":"undrain","name":"new"})"));
        CHECK(done(R"({"action":"remove","address":"127.0.0.99:81"})"));
        CHECK_FALSE(f.get("/v1/endpoints").has("127.0.0.99"));
        CHECK(done(R"({"action":"add","name":"new","address":"127.0.0.99","port":"82"})"));
        CHECK(done(R"({"action":"add","name":"new","address":"127.0.0.99","port":83})"));
        CHECK(done(R"({"action":"add","name":"six","address":"::9","port":84})"));
        CHECK(f.get("/v1/endpoints?pool=llama").has(R"("address":"127.0.0.99:83")"));
        CHECK(f.get("/v1/endpoints").has(R"("address":"[::9]:84")"));
        CHECK(f.post("/v1/endpoints", R"({"action":"drain","address":"127.0.0.99:82"})").status ==
              404);
        CHECK(f.post("/v1/endpoints", R"({"action":"add","address":"127.0.0.9","port":"x"})")
                  .status == 400);
        CHECK(done(R"({"action":"add","name":"named","address":"no-such-host.invalid:80"})"));
        CHECK(done(R"({"action":"remove","name":"named"})"));  // before it has an address
        CHECK_FALSE(done(R"({"action":"remove","name":"named"})"));
    }
}
