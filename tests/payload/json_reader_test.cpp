#include "payload/json_reader.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace weir::payload;

namespace {

// The reader of {"v": VALUE}; the value is token 3.
struct fixture {
    explicit fixture(std::string_view value) : text("{\"v\":" + std::string(value) + "}") {
        REQUIRE_FALSE(index.load(text));
    }
    std::string failed() const {
        const auto& failure = reader.failure();
        return failure ? std::string(failure->what) + " @" + std::to_string(failure->at) : "";
    }

    std::string text;
    json_index index;
    json_reader reader{index};
};

}  // namespace

TEST_SUITE("payload/json_reader") {
    TEST_CASE("elements and members come in order, and may stop early") {
        fixture f(R"([1,{"a":2},"b",[]])");
        std::vector<std::string> seen;
        CHECK(f.reader.each_element(3, [&](std::size_t t) {
            seen.emplace_back(f.index.raw(t));
            return true;
        }));
        CHECK(seen == std::vector<std::string>{"1", R"({"a":2})", "\"b\"", "[]"});
        int calls = 0;
        CHECK_FALSE(f.reader.each_element(3, [&](std::size_t) { return ++calls < 2; }));
        CHECK(calls == 2);
        CHECK(f.failed().empty());

        fixture o(R"({"a":1,"\u0062":{"c":2},"":3})");
        std::string keys;
        CHECK(o.reader.each_member(3, [&](std::string_view key, std::size_t t) {
            keys += std::string(key) + "=" + std::string(o.index.raw(t)) + ";";
            return true;
        }));
        CHECK(keys == "a=1;b={\"c\":2};=3;");
    }

    TEST_CASE("a broken list or object fails where it breaks") {
        struct row {
            const char* value;
            const char* failure;
        };
        const auto all = [](auto&&...) { return true; };
        for (const auto& [value, failure] : {row{"[1,]", "unexpected ']' @8"},
                                             {"[,1]", "unexpected ',' @6"},
                                             {"[1 2]", "unexpected value @8"},
                                             {"[1:2]", "unexpected ':' @7"}}) {
            CAPTURE(value);
            fixture f(value);
            CHECK_FALSE(f.reader.each_element(3, all));
            CHECK(f.failed() == failure);
        }
        for (const auto& [value, failure] : {row{"{1:2}", "expected a string as object key @6"},
                                             {"{\"a\",1}", "expected ':' after object key @9"},
                                             {"{\"a\":}", "unexpected '}' @10"},
                                             {"{\"a\":1,}", "expected a string as object key @12"},
                                             {"{\"a\":1 \"b\":2}", "unexpected value @12"},
                                             {"{\"\\x\":1}", "invalid escape @7"}}) {
            CAPTURE(value);
            fixture f(value);
            CHECK_FALSE(f.reader.each_member(3, all));
            CHECK(f.failed() == failure);
        }
    }

    TEST_CASE("whole numbers, whatever their notation; the rest is none") {
        constexpr auto largest = std::numeric_limits<std::int64_t>::max();
        struct row {
            const char* value;
            std::optional<std::int64_t> whole;
        };
        for (const auto& [value, whole] : {row{"0", 0},
                                           {"-0", 0},
                                           {"12", 12},
                                           {"-7", -7},
                                           {"1e2", 100},
                                           {"100e-2", 1},
                                           {"2.50e1", 25},
                                           {"1.5", {}},
                                           {"9223372036854775807", largest},
                                           {"9223372036854775808", largest},
                                           {"1e400", largest},
                                           {"-1e400", -largest},
                                           {"\"1\"", {}},
                                           {"true", {}},
                                           {"[1]", {}}}) {
            CAPTURE(value);
            fixture f(value);
            CHECK(f.reader.whole(3) == whole);
            CHECK(f.failed().empty());
        }
        for (const char* bad : {"01", "1.", "-", "1e", "1x", "0x1"}) {
            CAPTURE(bad);
            fixture f(bad);
            CHECK_FALSE(f.reader.whole(3));
            CHECK(f.failed() == "invalid number @5");
        }
    }

    TEST_CASE(
        "a text without escapes is a view, one with them is put behind what the buffer holds") {
        byte_buffer spare;
        spare.append("kept");
        fixture plain("\"abc\"");
        CHECK(plain.reader.text(3, spare)->data() == plain.text.data() + 6);
        fixture escaped("\"a\\u0062\\ud800\"");
        CHECK(*escaped.reader.text(3, spare) == "ab\xEF\xBF\xBD");
        CHECK(spare.view(0, spare.size()) == "kept");
        CHECK(escaped.failed().empty());
        CHECK_FALSE(escaped.reader.exact_text(3, spare));
        CHECK(escaped.failed() == "lone surrogate @13");
        byte_buffer fresh;
        CHECK(fixture("\"\"").reader.append_text(3, fresh));
        fixture broken("\"a\\q\"");
        CHECK_FALSE(broken.reader.text(3, spare));
        CHECK(broken.failed() == "invalid escape @7");
    }
}
