#include "payload/go_json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::payload;

namespace {

// The value as Go prints it; empty when it is malformed.
std::string printed(std::string_view value) {
    const std::string text = "{\"v\":" + std::string(value) + "}";
    json_index index;
    REQUIRE_FALSE(index.load(text));
    json_reader reader(index);
    go_json writer;
    byte_buffer out;
    if (!writer.append(reader, 3, out)) return {};
    CHECK_FALSE(reader.failure());
    return std::string(out.view(0, out.size()));
}

}  // namespace

TEST_SUITE("payload/go_json") {
    TEST_CASE("values print as encoding/json prints them") {
        struct row {
            std::string value;
            std::string expected;
        };
        const row rows[] = {
            {"{ \"b\" : 1 , \"a\" : [ true , false , null ] }", R"({"a":[true,false,null],"b":1})"},
            {R"({"a":{"z":{},"y":[]},"B":2,"_":3,"aa":4})",
             R"({"B":2,"_":3,"a":{"y":[],"z":{}},"aa":4})"},
            {R"({"k":1,"j":0,"k":2})", R"({"j":0,"k":2})"},
            {R"({"\u0062":1,"a":2,"b":3})", R"({"a":2,"b":3})"},
            {R"("<a>&b")", R"("\u003ca\u003e\u0026b")"},
            {R"("q\" b\\ s\/ \n\r\t\b\f\u0001")", R"("q\" b\\ s/ \n\r\t\b\f\u0001")"},
            {"\"\xE2\x80\xA8|\xE2\x80\xA9|\xE2\x80\xA6\"", "\"\\u2028|\\u2029|\xE2\x80\xA6\""},
            {R"("\u2028\u00e9\u007f")", "\"\\u2028\xC3\xA9\x7F\""},
            {"0", "0"},
            {"-0", "-0"},
            {"1.0", "1"},
            {"1.50", "1.5"},
            {"-12", "-12"},
            {"1e3", "1000"},
            {"100000000000000000000", "100000000000000000000"},
            {"1000000000000000000000", "1e+21"},
            {"1e21", "1e+21"},
            {"12345678901234567890", "12345678901234567000"},
            {"9007199254740993", "9007199254740992"},
            {"0.000001", "0.000001"},
            {"0.0000001", "1e-7"},
            {"1.5e-10", "1.5e-10"},
            {"1e300", "1e+300"},
            {"0.1", "0.1"},
            {"3.141592653589793", "3.141592653589793"},
        };
        for (const auto& [value, expected] : rows) {
            CAPTURE(value);
            CHECK(printed(value) == expected);
        }
    }

    TEST_CASE("a malformed value is refused, not printed") {
        for (const char* value :
             {"nul", "01", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "\"\\x\"", "[NaN]"}) {
            CAPTURE(value);
            CHECK(printed(value).empty());
        }
    }

    TEST_CASE("deep and wide values cost what their size says") {
        std::string deep;
        for (int i = 0; i < 126; ++i) deep += "{\"k\":";
        deep += "[";
        for (int i = 0; i < 50000; ++i) deep += "1,";
        deep += "1]";
        deep += std::string(126, '}');
        CHECK(printed(deep) == deep);
    }
}
