#include "admin/page.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace weir::admin;

TEST_SUITE("admin/page") {
    TEST_CASE("a query parameter is the first of its name, percent-decoded") {
        asked a;
        a.query = "limit=7&name=a%2Fb+c&limit=9&dryRun&off=0&no=false";
        std::string value;
        CHECK((a.parameter("limit", value) && value == "7"));
        CHECK((a.parameter("name", value) && value == "a/b c"));
        CHECK_FALSE(a.parameter("lim", value));
        CHECK(a.flag("dryRun"));
        CHECK_FALSE(a.flag("off"));
        CHECK_FALSE(a.flag("no"));
        CHECK_FALSE(a.flag("absent"));
    }

    TEST_CASE("text is for those who name it and no JSON") {
        asked a;
        CHECK_FALSE(a.wants_text());
        a.accept = "*/*";
        CHECK_FALSE(a.wants_text());
        a.accept = "text/plain;q=0.9, application/JSON";
        CHECK_FALSE(a.wants_text());
        a.accept = "Text/Plain";
        CHECK(a.wants_text());
    }

    TEST_CASE("a path has one page a kind of method, and knows the other") {
        const page* other = nullptr;
        const auto* read = find_page("/v1/endpoints", false, &other);
        REQUIRE(read != nullptr);
        CHECK_FALSE(read->writes);
        const auto* write = find_page("/v1/endpoints", true, &other);
        REQUIRE(write != nullptr);
        CHECK(write->writes);
        CHECK(find_page("/v1/reload", false, &other) == nullptr);
        REQUIRE(other != nullptr);
        CHECK(other->path == "/v1/reload");
        CHECK(find_page("/v1/decisions/abc", false, &other)->below);
        const bool streamed = find_page("/v1/decisions/stream", false, &other)->run == nullptr;
        CHECK(streamed);
        CHECK(find_page("/v1/decisions/", false, &other) == nullptr);
        CHECK(nearest_page("/metric") == "/metrics");
        CHECK(nearest_page("/something/else/entirely").empty());
    }

    TEST_CASE("every page says what it is for, and none stands twice") {
        std::set<std::string> seen;
        for (const auto& p : pages()) {
            const auto name = std::string(p.path) + (p.writes ? " POST" : " GET");
            CAPTURE(name);
            CHECK(seen.insert(name).second);
            CHECK((p.path == "/ui" || !p.meaning.empty()));
        }
    }

    TEST_CASE("times are RFC 3339 with milliseconds") {
        CHECK(rfc3339(0) == "1970-01-01T00:00:00.000Z");
        CHECK(rfc3339(1'772'366'400'123) == "2026-03-01T12:00:00.123Z");
    }
}
