#include "config/conditions.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::config;

TEST_SUITE("config/conditions") {
    TEST_CASE("a condition is replaced by a later one of its type and keeps its place") {
        condition_list all;
        all.set("Accepted", true, "Accepted", "");
        all.set("ResolvedRefs", true, "ResolvedRefs", "");
        all.set("Accepted", false, "Invalid", "why");
        REQUIRE(all.list().size() == 2);
        CHECK(all.list()[0].reason == "Invalid");
        CHECK(all.find("ResolvedRefs")->status);
        CHECK(all.find("Programmed") == nullptr);
    }
    TEST_CASE("they are written as Kubernetes writes them") {
        resource_status status;
        status.conditions.set("Accepted", false, "Invalid", "a \"b\"");
        json_writer json;
        write_status(json, status);
        CHECK(
            json.str() ==
            R"({"conditions":[{"type":"Accepted","status":"False","reason":"Invalid","message":"a \"b\"",)"
            R"("lastTransitionTime":"1970-01-01T00:00:00Z"}]})");
    }
}
