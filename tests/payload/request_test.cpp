#include "payload/request.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "scan_fixture.hpp"

using weir::api_kind;
using weir::payload::scanned;
using weir::payload::splice_model;

namespace {

std::string nested(std::size_t depth, char open, char close) {
    return R"({"model":"m","prompt":"p","x":)" + std::string(depth - 1, open) +
           std::string(depth - 1, close) + "}";
}

std::string spliced(const scanned& s, std::string_view model) {
    std::string quoted;
    const auto pieces = splice_model(s.body(), s.facts, model, quoted);
    auto out = std::string(pieces.before) + std::string(pieces.middle) + std::string(pieces.after);
    CHECK(pieces.size() == out.size());
    return out;
}

}  // namespace

TEST_SUITE("payload/request") {
    TEST_CASE("a body that is not one JSON object is refused with the byte that shows it") {
        struct row {
            std::string body;
            std::string what;
        };
        const row rows[] = {
            {"", "unexpected end of JSON input, at byte 0"},
            {" \n\t ", "unexpected end of JSON input, at byte 4"},
            {"hello", "not a JSON object, at byte 0"},
            {"null", "not a JSON object, at byte 0"},
            {"  [1,2]", "not a JSON object, at byte 2"},
            {"\"text\"", "not a JSON object, at byte 0"},
            {"no healthy upstream", "not a JSON object, at byte 0"},
            {"\xEF\xBB\xBF{\"model\":\"m\"}", "not a JSON object, at byte 0"},
            {std::string("\xFF\xFE{\0", 4), "invalid UTF-8, at byte 0"},
            {"{\"model\":\"m\"", "unexpected end of JSON input, at byte 12"},
            {"{\"model\":\"m", "unexpected end of JSON input, at byte 11"},
            {"{", "unexpected end of JSON input, at byte 1"},
            {"{\"a\":[1,2}", "unexpected '}', at byte 9"},
            {"{\"a\":{]}", "unexpected ']', at byte 6"},
            {"{\"model\":\"m\"}}", "bytes behind the JSON object, at byte 13"},
            {"{\"model\":\"m\"} x", "bytes behind the JSON object, at byte 14"},
            {"{\"model\":\"m\"}{\"model\":\"n\"}", "bytes behind the JSON object, at byte 13"},
            {"{\"model\":\"\xC0\xAF\"}", "invalid UTF-8, at byte 10"},
            {"{\"x\":\"ab\xED\xA0\x80\"}", "invalid UTF-8, at byte 8"},
            {"{\"x\":\"a\nb\"}", "control character in a string, at byte 7"},
            {"{\"model\" \"m\"}", "expected ':' after object key, at byte 9"},
            {"{model:\"m\"}", "expected a string as object key, at byte 1"},
            {"{\"model\":\"m\",}", "expected a string as object key, at byte 13"},
            {"{,\"model\":\"m\"}", "expected a string as object key, at byte 1"},
            {"{\"model\":}", "unexpected '}', at byte 9"},
            {"{\"model\":,}", "unexpected ',', at byte 9"},
            {"{\"model\":\"m\" \"prompt\":\"p\"}", "unexpected value, at byte 13"},
            {"{\"model\":\"m\"x}", "unexpected value, at byte 12"},
            {"{\"model\"}", "expected ':' after object key, at byte 8"},
            {"{\"model\":}}", "bytes behind the JSON object, at byte 10"},
            {"{\"model\":\"m\",\"prompt\":\"p\",\"model\":\"n\"}",
             "duplicate key \"model\", at byte 26"},
            {"{\"model\":\"m\",\"mod\\u0065l\":\"n\"}", "duplicate key \"model\", at byte 13"},
            {"{\"model\":null,\"model\":\"n\"}", "duplicate key \"model\", at byte 14"},
            {"{\"mod\\xel\":\"m\"}", "invalid escape, at byte 5"},
            {"{\"model\":\"a\\q\"}", "invalid escape, at byte 11"},
            {"{\"model\":\"a\\u12g4\"}", "invalid escape, at byte 11"},
            {"{\"model\":\"\\ud800\",\"prompt\":\"p\"}", "lone surrogate, at byte 10"},
            {"{\"model\":nul,\"prompt\":\"p\"}", "invalid literal, at byte 9"},
            {"{\"model\":NaN,\"prompt\":\"p\"}", "unexpected character, at byte 9"},
            {"{\"model\":\"m\",\"prompt\":\"a\\u\"}", "invalid escape, at byte 24"},
            {"{\"model\":\"m\",\"prompt\":\"p\",\"stream\":truee}", "invalid literal, at byte 35"},
            {"{\"model\":\"m\",\"prompt\":\"p\",\"max_tokens\":01}", "invalid number, at byte 39"},
            {"{\"model\":\"m\",\"prompt\":\"p\",\"max_tokens\":NaN}",
             "unexpected character, at byte 39"},
            {"{\"model\":\"m\",\"prompt\":\"p\",\"max_tokens\":1.}", "invalid number, at byte 39"},
            {"{\"model\":\"m\",\"prompt\":[1,2,]}", "unexpected ']', at byte 27"},
            {"{\"model\":\"m\",\"prompt\":[1 2]}", "unexpected value, at byte 25"},
        };
        for (const auto& [body, what] : rows) {
            CAPTURE(body);
            const scanned s(api_kind::completions, body);
            REQUIRE(s.refused);
            CHECK(s.message() == "Error unmarshaling request body: " + what);
            CHECK(s.refused->status == 400);
            CHECK(s.refused->reason == "bad-body");
            CHECK(s.refused->param.empty());
        }
    }

    TEST_CASE("nesting of 128 passes and one more does not") {
        for (const auto& [open, close] : {std::pair{'[', ']'}}) {
            CHECK_FALSE(scanned(api_kind::completions, nested(128, open, close)).refused);
            const scanned deep(api_kind::completions, nested(129, open, close));
            CHECK(deep.message() ==
                  "Error unmarshaling request body: nested deeper than 128, at byte 157");
        }
        const scanned attack(api_kind::completions, "{\"x\":" + std::string(100000, '['));
        CHECK(attack.message() ==
              "Error unmarshaling request body: nested deeper than 128, at byte 132");
    }

    TEST_CASE("values nobody reads are the model server's to judge") {
        for (const char* value :
             {"NaN", "tru", "1e999", "01", "+1", "'x'", "[1 2]", "[,]", "{\"a\" 1}", "\"\\q\"",
              "\"\\ud800\"", "{\"model\":\"x\",\"model\":\"y\"}"}) {
            CAPTURE(value);
            const scanned s(api_kind::completions,
                            R"({"model":"m","prompt":"p","x":)" + std::string(value) + "}");
            CHECK(s.message() == "");
            CHECK(s.facts.model == "m");
        }
    }

    TEST_CASE("the model is found wherever and however its key is written") {
        for (const char* body :
             {R"({"model":"a/b:c","prompt":"p"})", R"({"prompt":"p","model":"a/b:c"})",
              R"({"mod\u0065l":"a/b:c","prompt":"p"})",
              R"({"\u006d\u006f\u0064\u0065\u006c":"a\/b:c","prompt":"p"})",
              "\n{ \"prompt\" : \"p\" ,\t\"model\" : \"a/b\\u003ac\" }\r\n"}) {
            CAPTURE(body);
            const scanned s(api_kind::completions, body);
            CHECK(s.message() == "");
            CHECK(s.facts.has_model);
            CHECK(s.facts.model == "a/b:c");
            CHECK_FALSE(s.facts.model_problem);
            CHECK(s.prompts() == std::vector<std::string>{"p"});
        }
    }

    TEST_CASE("a model that is no name is absent, and the prompt is judged all the same") {
        for (const char* model : {"null", "7", "true", "[\"m\"]", "{\"m\":1}", "\"\""}) {
            CAPTURE(model);
            const scanned s(api_kind::completions,
                            "{\"prompt\":\"p\",\"model\":" + std::string(model) + "}");
            CHECK(s.message() == "");
            REQUIRE(s.facts.model_problem);
            CHECK(s.facts.model_problem->message == "model not found in request body");
            CHECK(s.facts.model_problem->reason == "model-not-found");
            CHECK(s.facts.model_problem->param == "model");
            CHECK(s.facts.model_problem->status == 400);
            CHECK_FALSE(s.facts.prompt_problem);
            // A rewrite that supplies the name puts it there, never a second key.
            CHECK(spliced(s, "new") == R"({"prompt":"p","model":"new"})");
        }
        const scanned none(api_kind::chat_completions, "{}");
        CHECK(none.facts.model_problem);
        CHECK(none.facts.prompt_problem);
    }

    TEST_CASE("a name that could do harm where names are shown is refused, spaces name nothing") {
        const std::string longest(256, 'm');
        CHECK_FALSE(scanned(api_kind::completions, R"({"prompt":"p","model":")" + longest + "\"}")
                        .facts.model_problem);
        for (const auto& [model, reason] : {
                 std::pair<std::string, std::string_view>{longest + "m", "bad-request"},
                 {R"(a\r\nb)", "bad-request"},
                 {R"(a\u0000)", "bad-request"},
                 {R"(a\u007f)", "bad-request"},
                 {"  ", "model-not-found"},
             }) {
            CAPTURE(model);
            const auto body = R"({"prompt":"p","model":")" + model + "\"}";
            const scanned s(api_kind::completions, body);
            REQUIRE(s.facts.model_problem);
            CHECK(s.facts.model_problem->reason == reason);
            CHECK(s.facts.model_problem->param == "model");
            const scanned other(api_kind::other, body);
            CHECK_FALSE(other.facts.model_problem);
            CHECK(other.facts.model.empty());
        }
    }

    TEST_CASE("SGLang's own API and unknown ones need no model") {
        CHECK_FALSE(scanned(api_kind::sglang_generate, R"({"text":"x"})").facts.model_problem);
        CHECK_FALSE(scanned(api_kind::other, R"({"query":"x"})").facts.model_problem);
        CHECK(scanned(api_kind::vllm_generate, R"({"token_ids":[1]})").facts.model_problem);
    }

    TEST_CASE("an unknown API may carry anything, and its model still counts") {
        const scanned s(api_kind::other, R"({"model":"m","stream":true,"query":1})");
        CHECK(s.facts.model == "m");
        CHECK(s.facts.stream);
        CHECK_FALSE(s.facts.prompt_problem);
        for (const char* body :
             {"", "--boundary", "[1]", "{\"model\":\"a\",\"model\":\"b\"}", "\xFF"}) {
            CAPTURE(body);
            const scanned any(api_kind::other, body);
            CHECK_FALSE(any.refused);
            CHECK_FALSE(any.facts.has_model);
            CHECK(any.facts.model_end == 0);
        }
    }

    TEST_CASE("only true streams") {
        for (const auto& [value, streams] : {std::pair{"true", true},
                                             {"false", false},
                                             {"null", false},
                                             {"\"true\"", false},
                                             {"1", false}}) {
            CAPTURE(value);
            const scanned s(api_kind::completions,
                            R"({"model":"m","prompt":"p","stream":)" + std::string(value) + "}");
            CHECK(s.facts.stream == streams);
        }
        CHECK_FALSE(scanned(api_kind::completions, R"({"model":"m","prompt":"p"})").facts.stream);
    }

    TEST_CASE("token limits are read where each API has them") {
        struct row {
            api_kind api;
            const char* members;
            std::int64_t limit;
        };
        constexpr auto largest = std::numeric_limits<std::int64_t>::max();
        for (const auto& [api, members, limit] : {
                 row{api_kind::completions, R"("max_tokens":7)", 7},
                 row{api_kind::completions, R"("max_completion_tokens":7)", -1},
                 row{api_kind::chat_completions, R"("max_tokens":7)", 7},
                 row{api_kind::chat_completions, R"("max_completion_tokens":9,"max_tokens":7)", 9},
                 row{api_kind::chat_completions, R"("max_completion_tokens":null,"max_tokens":7)",
                     7},
                 row{api_kind::responses, R"("max_output_tokens":3,"max_tokens":7)", 3},
                 row{api_kind::messages, R"("max_tokens":1024)", 1024},
                 row{api_kind::vllm_generate, R"("sampling_params":{"max_tokens":5})", 5},
                 row{api_kind::vllm_generate, R"("max_tokens":5)", -1},
                 row{api_kind::sglang_generate, R"("sampling_params":{"max_new_tokens":6})", 6},
                 row{api_kind::completions, R"("max_tokens":0)", 0},
                 row{api_kind::completions, R"("max_tokens":-1)", -1},
                 row{api_kind::completions, R"("max_tokens":1.5)", -1},
                 row{api_kind::completions, R"("max_tokens":16.0)", 16},
                 row{api_kind::completions, R"("max_tokens":1e3)", 1000},
                 row{api_kind::completions, R"("max_tokens":"7")", -1},
                 row{api_kind::completions, R"("max_tokens":18446744073709551616)", largest},
                 row{api_kind::completions, R"("max_tokens":-18446744073709551616)", -1},
                 row{api_kind::completions, R"("max_tokens":1e999)", largest},
                 row{api_kind::completions, R"("max_tokens":1e-999)", -1},
                 row{api_kind::completions, R"("max_tokens":3,"max_tokens":4)", 4},
             }) {
            CAPTURE(members);
            const scanned s(api, "{\"model\":\"m\"," + std::string(members) + "}");
            CHECK(s.message() == "");
            CHECK(s.facts.max_output_tokens == limit);
        }
    }

    TEST_CASE("the cache salt is a text or nothing") {
        CHECK(scanned(api_kind::completions, R"({"cache_salt":"s\u0061lt"})").facts.cache_salt ==
              "salt");
        CHECK(scanned(api_kind::completions, R"({"cache_salt":7})").facts.cache_salt == "");
        CHECK(scanned(api_kind::completions, R"({"extra_key":"x"})").facts.cache_salt == "");
        // SGLang's own API has another name for it.
        for (const char* body : {R"({"input_ids":[1],"extra_key":"x"})",
                                 R"({"input_ids":[1],"cache_salt":"y","extra_key":"x"})",
                                 R"({"text":"t","cache_salt":"x"})"}) {
            CHECK(scanned(api_kind::sglang_generate, body).facts.cache_salt == "x");
        }
    }

    TEST_CASE("escaped names survive a prompt that fills the same memory") {
        const std::string text(100000, 'x');
        const scanned s(
            api_kind::completions,
            R"({"model":"\u006dodel","cache_salt":"\u0073alt","prompt":"\n)" + text + "\"}");
        CHECK(s.facts.model == "model");
        CHECK(s.facts.cache_salt == "salt");
        CHECK(s.stream() == "\n" + text);
    }

    TEST_CASE("a new model name is spliced in and nothing else moves") {
        struct row {
            const char* body;
            const char* model;
            const char* result;
        };
        for (const auto& [body, model, result] : {
                 row{R"({"b":1, "model" : "old" ,"a":12345678901234567890})", "new",
                     R"({"b":1, "model" : "new" ,"a":12345678901234567890})"},
                 row{R"({"model":"o\"ld"})", "n\"e\\w\n", R"({"model":"n\"e\\w\n"})"},
                 row{R"({"prompt":"x"})", "new", R"({"model":"new","prompt":"x"})"},
                 row{" { \"prompt\":\"x\"}", "new", " {\"model\":\"new\", \"prompt\":\"x\"}"},
                 row{"{}", "new", R"({"model":"new"})"},
                 row{"{ }\n", "new", "{\"model\":\"new\" }\n"},
                 row{R"({"model":{"a":[1]},"x":1})", "new", R"({"model":"new","x":1})"},
             }) {
            CAPTURE(body);
            CHECK(spliced(scanned(api_kind::other, body), model) == result);
        }
    }

    TEST_CASE("hostile shapes are scanned in bounded time and memory") {
        std::string keys = "{\"model\":\"m\",\"prompt\":\"p\"";
        for (int i = 0; i < 200000; ++i) keys += ",\"k\":1";
        CHECK(scanned(api_kind::completions, keys + "}").facts.model == "m");

        std::string messages = R"({"model":"m","messages":[{"role":"u"})";
        for (int i = 0; i < 100000; ++i) messages += R"(,{"role":"u"})";
        CHECK(scanned(api_kind::chat_completions, messages + "]}").stream().size() == 100001);

        const std::string name(1 << 20, 'n');
        CHECK(scanned(api_kind::completions, "{\"prompt\":\"p\",\"model\":\"" + name + "\"}")
                  .facts.model == name);

        std::string videos = R"({"model":"m","messages":[{"role":"u","content":[)";
        for (int i = 0; i < 20000; ++i)
            videos += R"({"type":"video_url","video_url":{"url":"v"}},)";
        videos.back() = ']';
        CHECK(scanned(api_kind::chat_completions, videos + "}]}").stream().size() < (5 << 20));
    }

    TEST_CASE("a text without escapes is a view into the body") {
        const scanned s(api_kind::completions, R"({"model":"m","prompt":"plain text"})");
        const auto* begin = s.text.data();
        CHECK(s.facts.prompts.at(0).bytes.data() >= begin);
        CHECK(s.facts.prompts.at(0).bytes.data() < begin + s.size);
    }
}
