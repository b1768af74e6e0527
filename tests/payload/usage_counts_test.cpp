#include "payload/usage_counts.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace weir::payload;

namespace {

// What the JSON reader makes of the object; nothing when it is no JSON.
std::optional<usage_counts> by_reader(const std::string& object) {
    json_index index;
    if (index.load(object)) return std::nullopt;
    json_reader reader(index);
    usage_counts found;
    if (!read_usage_counts(reader, 0, found)) return std::nullopt;
    return found;
}

void check_same(const usage_counts& a, const usage_counts& b) {
    CHECK(a.prompt == b.prompt);
    CHECK(a.input == b.input);
    CHECK(a.completion == b.completion);
    CHECK(a.output == b.output);
    CHECK(a.total == b.total);
    CHECK(a.cached == b.cached);
    CHECK(a.unfinished == b.unfinished);
}

}  // namespace

TEST_SUITE("payload/usage_counts") {
    TEST_CASE("what servers write needs no reader") {
        for (
            const std::string text : {
                R"({"prompt_tokens":5,"total_tokens":21,"completion_tokens":16})",
                R"({ "prompt_tokens" : 5 , "completion_tokens" : 16, "total_tokens" : 21 })",
                R"({"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":1})",
                R"({"prompt_tokens":7,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0}})",
                R"({"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":null})",
                R"({"finish_reason":null,"prompt_tokens":7,"cached_tokens":0})",
                R"({"prompt_tokens":1,"prompt_tokens":2})",
                R"({})",
            }) {
            CAPTURE(text);
            const auto found = plain_usage_counts(text + "}");
            REQUIRE(found);
            check_same(*found, by_reader(text).value());
        }
    }

    TEST_CASE("vLLM writes nulls behind it") {
        const auto found =
            plain_usage_counts(R"({"prompt_tokens":5,"completion_tokens":16,"total_tokens":21},)"
                               R"("prompt_logprobs":null,"kv_transfer_params":null} )");
        REQUIRE(found);
        CHECK(found->total == 21);
    }

    TEST_CASE("what may mean something else is left to the reader") {
        const std::string plain = R"({"prompt_tokens":5})";
        for (const std::string behind : {"", "}}", "]}", "},", "} x", R"(,"a":1})", R"(,"a":null)",
                                         R"(,"a":null,})", R"(,"\n":null})"}) {
            CAPTURE(behind);
            CHECK_FALSE(plain_usage_counts(plain + behind));
        }
        for (const std::string object :
             {R"({"prompt_tokens":"12"})", R"({"prompt_tokens":12.0})", R"({"prompt_tokens":-5})",
              R"({"prompt_tokens":1e3})", R"({"prompt_tokens":9999999999999999999})",
              R"({"prompt_tokens":99999999999999999999})", R"({"prompt_tokens":true})",
              R"({"prompt_tokens":[1]})", R"({"e2e_latency":0.5})",
              R"({"prompt_tokens_details":5})", R"({"a\"b":5})", R"({"x":{"prompt_tokens":1}})",
              R"({"prompt_tokens_details":{"x":{"cached_tokens":1}}})"}) {
            CAPTURE(object);
            CHECK_FALSE(plain_usage_counts(object + "}"));
        }
    }

    TEST_CASE("nothing that the reader refuses or reads otherwise is plain") {
        // Every text of up to five of these parts within the braces of an object.
        constexpr std::array parts{R"("prompt_tokens")",
                                   R"("cached_tokens")",
                                   R"("input_tokens_details")",
                                   "{",
                                   "}",
                                   ":",
                                   ",",
                                   "0",
                                   "17",
                                   "null",
                                   R"("x")",
                                   " "};
        std::size_t plain = 0;
        const auto look = [&](auto& self, const std::string& inner, int depth) -> void {
            const auto object = "{" + inner + "}";
            if (const auto found = plain_usage_counts(object + "}")) {
                ++plain;
                const auto read = by_reader(object);
                CAPTURE(object);
                REQUIRE(read);
                check_same(*found, *read);
            }
            if (depth == 0) return;
            for (const auto* part : parts) self(self, inner + part, depth - 1);
        };
        look(look, "", 5);
        CHECK(plain > 50);
    }
}
