#include "admin/json_body.hpp"

#include <doctest/doctest.h>

using weir::admin::json_body;

TEST_SUITE("admin/json_body") {
    TEST_CASE("members keep the text they were written with") {
        json_body b(R"( {"a": {"x":"}\"","y":[1,2]} , "b": -1.5e3,"c":"t\"x","d":null})");
        CHECK(b.problem().empty());
        CHECK(b.raw("a") == R"({"x":"}\"","y":[1,2]})");
        CHECK(b.raw("b") == "-1.5e3");
        CHECK(b.raw("c") == R"("t\"x")");
        CHECK(b.text("c") == "t\"x");
        CHECK_FALSE(b.has("d"));
        CHECK(b.raw("none").empty());
    }

    TEST_CASE("a wrong type is told by its name") {
        json_body b(R"({"v":"7","h":{"a":1}})");
        CHECK_FALSE(b.number("v").has_value());
        CHECK(b.problem() == "\"v\" must be a whole number");
        json_body h(R"({"h":{"a":1}})");
        h.texts("h");
        CHECK(h.problem() == "\"h.a\" must be a text");
    }

    TEST_CASE("no body is an empty object, anything but an object an error") {
        CHECK(json_body("").problem().empty());
        CHECK(json_body(" \n").problem().empty());
        CHECK(json_body("[]").problem() == "the body must be one JSON object");
        CHECK_FALSE(json_body("{} {}").problem().empty());
        CHECK(json_body("{\"a\":}").problem().find("line 1, column 6") != std::string::npos);
        CHECK_FALSE(json_body("a: 1").problem().empty());
    }
}
