#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/yaml.hpp"
#include "reading.hpp"

using namespace weir::config;

namespace {

struct result {
    source_ptr file;
    std::vector<node> roots;
    findings found;
    bool good = false;
};

result read(std::string_view text) {
    result out;
    out.file = reading::source(text, "test.json");
    const text_window window{out.file.get(), out.file->text, 1, 0, nullptr};
    out.good =
        read_json(window, out.found, [&](node&& root) { out.roots.push_back(std::move(root)); });
    return out;
}

}  // namespace

TEST_SUITE("config/json_text") {
    TEST_CASE("values keep their types and places") {
        const auto r = read("{\n\t\"a\": [1, -2.5e3, true, null, \"x\\u00e4\\n\"]\n}\n");
        REQUIRE(r.good);
        const auto& items = r.roots.at(0).get("a")->items;
        REQUIRE(items.size() == 5);
        CHECK(items[1].scalar == "-2.5e3");
        CHECK_FALSE(items[1].quoted);
        CHECK(items[3].is_null());
        CHECK(items[4].scalar == "x\xC3\xA4\n");
        CHECK(items[4].quoted);
        CHECK(items[0].at.start.line == 2);
        CHECK(items[0].at.start.column == 8);
        CHECK(reading::covered(r.roots[0].get("a")->at) ==
              "[1, -2.5e3, true, null, \"x\\u00e4\\n\"]");
    }

    TEST_CASE("surrogate pairs are one character, halves are refused") {
        CHECK(read("\"\\ud83d\\ude00\"").roots.at(0).scalar == "\xF0\x9F\x98\x80");
        for (const auto* text :
             {"\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\uzzzz\"", "\"\\u12"}) {
            INFO("text: " << text);
            CHECK_FALSE(read(text).good);
        }
    }

    TEST_CASE("numbers follow RFC 8259") {
        for (const auto* good : {"0", "-0", "10", "1.5", "1e9", "1E-9", "0.1e+2"}) {
            INFO("number: " << good);
            CHECK(read(good).good);
        }
        for (const auto* bad :
             {"01", "+1", "1.", ".5", "1e", "--1", "0x10", "NaN", "Infinity", "1_000", "-"}) {
            INFO("number: " << bad);
            CHECK_FALSE(read(bad).good);
        }
    }

    TEST_CASE("each mistake is one finding with its place") {
        struct {
            const char* text;
            const char* said;
        } const cases[] = {
            {"{\"a\": 1,}", "WEIR0102 1:8 JSON allows no comma behind the last value"},
            {"{\"a\" 1}", "WEIR0102 1:6 `:` was expected here, between a key and its value"},
            {"[1 2]", "WEIR0102 1:4 `,` or `]` was expected here"},
            {"[1, 2", "WEIR0102 1:6 the text ends inside of an array"},
            {"{", "WEIR0102 1:2 the text ends inside of an object"},
            {"[1]]", "WEIR0102 1:4 a value was expected here"},
            {"\"a\nb\"", "WEIR0102 1:1 the quote that opens here is never closed"},
        };
        for (const auto& c : cases) CHECK(reading::said(read(c.text).found) == c.said);
    }

    TEST_CASE("invalid UTF-8 and deep nesting are refused") {
        for (const auto* bad : {"\"\xFF\"", "\"\xC3\"", "\"\xE2\x82\"", "\"\xC0\xAF\""}) {
            CHECK(read(bad).found.list().at(0).code == "WEIR0103");
        }
        CHECK(read(std::string(100000, '[')).found.list().at(0).code == "WEIR0104");
    }
}
