#include "payload/json_index.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::payload::json_index;

TEST_SUITE("payload/json_index") {
    TEST_CASE("tokens, their raw bytes and what closes them") {
        const std::string_view text = " {\"a\" : [ 1 ,\"x\\\"]\" ] , \"b\":{ } }\n";
        json_index index;
        REQUIRE_FALSE(index.load(text));
        CHECK(index.size() == 14);
        CHECK(index.position(0) == 1);
        CHECK(index.close(0) == 13);
        CHECK(index.raw(0) == text.substr(1, text.size() - 2));
        CHECK(index.raw(1) == "\"a\"");
        CHECK(index.kind(3) == '[');
        CHECK(index.close(3) == 7);
        CHECK(index.next(3) == 8);
        CHECK(index.raw(3) == "[ 1 ,\"x\\\"]\" ]");
        CHECK(index.raw(4) == "1");
        CHECK(index.next(4) == 5);
        CHECK(index.raw(6) == "\"x\\\"]\"");
        CHECK(index.raw(11) == "{ }");
    }

    TEST_CASE("bytes behind the text are never part of it") {
        const std::string text = "{\"a\":1}, {\"b\":2}";
        json_index index;
        CHECK_FALSE(index.load(std::string_view(text).substr(0, 7)));
        CHECK(index.load(text)->what == "bytes behind the JSON object");
        CHECK(index.load(std::string_view(text).substr(0, 6))->at == 6);
    }

    TEST_CASE("an index serves texts of any size after one another") {
        json_index index;
        for (const std::size_t n : {1U, 100000U, 10U, 9U << 20, 20U}) {
            const std::string text = "{\"a\":[" + std::string(n, ' ') + "0]}";
            REQUIRE_FALSE(index.load(text));
            CHECK(index.size() == 7);
            CHECK(index.position(4) == 6 + n);
            index.trim();
        }
        const std::string broken = "{\"a\"";
        CHECK(index.load(broken));
        REQUIRE_FALSE(index.load("{}"));
        CHECK(index.close(0) == 1);
    }

    TEST_CASE("nesting is counted over skipped values too, and its limit is exact") {
        json_index index;
        const auto nested = [](std::size_t depth) {
            return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
        };
        const auto fits = nested(json_index::max_depth);
        CHECK_FALSE(index.load(fits));
        const auto deeper = nested(json_index::max_depth + 1);
        CHECK(index.load(deeper)->what == "nested deeper than 128");
        CHECK(index.load(deeper)->at == 5 + 127);
    }
}
