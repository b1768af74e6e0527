#include "sim/json_reader.hpp"

#include <doctest/doctest.h>

using weir::sim::json_document;
using kind = weir::sim::json_value::kind;

TEST_SUITE("sim/json_reader") {
    TEST_CASE("members and elements are found, with their types") {
        json_document d;
        REQUIRE(d.parse(R"( {"a":[1,-2.5e1,"x"],"b":{"c":true,"d":null},"n":7.0} )"));
        const auto root = d.root();
        const auto a = root.get("a");
        CHECK(a.first().integer() == 1);
        CHECK(a.first().next().number() == doctest::Approx(-25));
        CHECK(a.first().next().next().string() == "x");
        CHECK_FALSE(a.first().next().next().next());
        CHECK(root.get("b").get("c").boolean() == true);
        CHECK(root.get("b").get("d").is(kind::null));
        CHECK(root.get("b").raw() == R"({"c":true,"d":null})");
        CHECK(root.get("n").integer() == 7);
        CHECK_FALSE(root.get("zz"));
        CHECK(root.get("zz").get("deeper").empty());
        CHECK_FALSE(root.get("a").integer());
        CHECK(root.first().name() == "a");
    }

    TEST_CASE("escapes are undone, in names too, and lone surrogates are replaced") {
        json_document d;
        REQUIRE(d.parse(R"({"\u0061b":"q\"\\\/\n\u00e9\ud83d\ude00\ud83d!"})"));
        CHECK(d.root().get("ab").string() == "q\"\\/\n\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBD!");
    }

    TEST_CASE("of a repeated name the last one counts") {
        json_document d;
        REQUIRE(d.parse(R"({"m":"a","m":"b"})"));
        CHECK(d.root().get("m").string() == "b");
    }

    TEST_CASE("what is not one JSON value is refused") {
        json_document d;
        for (const char* text :
             {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", "-", "tru", "\"\\x\"", "\"a",
              "{} x", "\"\\u12g4\"", "'a'", "nan", "\"\n\"", "[1 2]", "1e"}) {
            CAPTURE(text);
            CHECK_FALSE(d.parse(text));
            CHECK_FALSE(d.error().empty());
            CHECK_FALSE(d.root());
        }
        const auto deep = std::string(200, '[') + std::string(200, ']');
        CHECK_FALSE(d.parse(deep));
        CHECK(d.error() == "nested too deeply");
    }
}
