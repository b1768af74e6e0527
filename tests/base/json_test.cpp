#include "base/json.hpp"

#include <doctest/doctest.h>

#include <limits>

TEST_SUITE("base/json") {
    TEST_CASE("commas stand between members and nowhere else") {
        weir::json_writer w;
        w.begin_object().field("a", 1).key("b").begin_array().value("x").value(true).end_array();
        w.key("c").begin_object().end_object().field("d", 0.5).end_object();
        CHECK(w.str() == R"({"a":1,"b":["x",true],"c":{},"d":0.5})");
    }
    TEST_CASE("what JSON cannot hold becomes null") {
        weir::json_writer w;
        w.begin_array().value(std::numeric_limits<double>::quiet_NaN()).null().end_array();
        CHECK(w.str() == "[null,null]");
    }
    TEST_CASE("untrusted bytes stay valid JSON") {
        std::string out;
        weir::append_json_escaped(out, "a\"\\\n\x01\xFF\xC3\xA9\xED\xA0\x80");
        CHECK(out == "a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    }
}
