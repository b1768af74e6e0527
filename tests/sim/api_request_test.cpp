#include "sim/api_request.hpp"

#include <doctest/doctest.h>

using namespace weir::sim;

namespace {

api_request good(api kind, std::string_view body) {
    json_document document;
    api_error error;
    auto r = read_api_request(kind, body, document, error);
    CAPTURE(error.message);
    REQUIRE(r);
    return *r;
}

api_error bad(api kind, std::string_view body) {
    json_document document;
    api_error error;
    CAPTURE(body);
    REQUIRE_FALSE(read_api_request(kind, body, document, error));
    CHECK(error.status == 400);
    CHECK_FALSE(error.message.empty());
    return error;
}

}  // namespace

TEST_SUITE("sim/api_request") {
    TEST_CASE("paths name their API") {
        CHECK(api_of("/v1/chat/completions") == api::chat);
        CHECK(api_of("/v1/completions") == api::completions);
        CHECK(api_of("/v1/models") == api::none);
    }

    TEST_CASE("a completion takes texts and token ids, one prompt or several") {
        CHECK(good(api::completions, R"({"prompt":"abc"})").prompts ==
              std::vector<std::string>{"abc"});
        CHECK(good(api::completions, R"({"prompt":["a","b"]})").prompts.size() == 2);
        const auto ids = good(api::completions, R"({"prompt":[1,258]})");
        CHECK(ids.prompts == std::vector<std::string>{std::string("\1\0\0\0\2\1\0\0", 8)});
        CHECK(ids.prompt_tokens() == 2);
        CHECK(good(api::completions, R"({"prompt":[[1],[2,3]]})").prompt_tokens() == 3);
        for (const char* body : {R"({})", R"({"prompt":null})", R"({"prompt":[]})",
                                 R"({"prompt":7})", R"({"prompt":[{}]})"}) {
            CHECK(bad(api::completions, body).param == "prompt");
        }
    }

    TEST_CASE("a chat is rendered message by message, so that turns share their beginning") {
        const auto first = good(api::chat, R"({"messages":[{"role":"user","content":"hi"}]})");
        const auto next = good(api::chat, R"({"messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":"ho"},{"role":"user","content":[{"type":"text","text":"x"}]}]})");
        CHECK(first.prompts[0] == "<|user|>\nhi<|end|>\n<|assistant|>\n");
        CHECK(next.prompts[0].starts_with(first.prompts[0] + "ho"));
        CHECK(next.prompts[0].find("<|user|>\nx<|end|>") != std::string::npos);
        CHECK(bad(api::chat, R"({"messages":[]})").param == "messages");
        CHECK(bad(api::chat, R"({"prompt":"x"})").param == "messages");
    }

    TEST_CASE("tools come first, an image counts by its content") {
        const auto r = good(api::chat, R"({"tools":[{"a":1}],"messages":[{"role":"user","content":[
            {"type":"image_url","image_url":{"url":"data:aaaa"}}]}]})");
        CHECK(r.prompts[0].starts_with("<|tools|>[{\"a\":1}]"));
        CHECK(r.prompts[0].find("<|image_url:") != std::string::npos);
        CHECK(r.prompts[0].find("data:aaaa") == std::string::npos);
    }

    TEST_CASE("responses and messages render instructions and system text") {
        CHECK(good(api::responses, R"({"instructions":"be","input":"x"})").prompts[0] ==
              "<|system|>\nbe<|end|>\n<|user|>\nx<|end|>\n<|assistant|>\n");
        CHECK(good(api::messages, R"({"system":[{"type":"text","text":"s"}],"max_tokens":3,
            "messages":[{"role":"user","content":"x"}]})")
                  .prompts[0] == "<|system|>\ns<|end|>\n<|user|>\nx<|end|>\n<|assistant|>\n");
    }

    TEST_CASE("limits and switches are read from where each API has them") {
        const auto chat =
            good(api::chat, R"({"messages":[{"role":"user","content":"x"}],"stream":true,
            "max_tokens":5,"max_completion_tokens":6,"stream_options":{"include_usage":true},
            "priority":-3,"cache_salt":"s","n":2,"model":"m"})");
        CHECK(chat.max_tokens == 6);
        CHECK(chat.stream);
        CHECK(chat.include_usage);
        CHECK(chat.priority == -3);
        CHECK(chat.cache_salt == "s");
        CHECK(chat.n == 2);
        CHECK(chat.model == "m");
        CHECK(good(api::responses, R"({"input":"x","max_output_tokens":9})").max_tokens == 9);
        CHECK(good(api::generate, R"({"text":"x","sampling_params":{"max_new_tokens":4}})")
                  .max_tokens == 4);
        CHECK(
            good(api::generate, R"({"inputs":"x","parameters":{"max_new_tokens":4}})").max_tokens ==
            4);
        CHECK(bad(api::completions, R"({"prompt":"x","max_tokens":0})").param == "max_tokens");
        CHECK(bad(api::completions, R"({"prompt":"x","n":0})").param == "n");
        CHECK(bad(api::completions, R"({"prompt":"x","model":3})").param == "model");
    }

    TEST_CASE("a broken body says where it broke") {
        CHECK(bad(api::chat, R"({"a":)").message.find("at byte 5") != std::string::npos);
        bad(api::chat, "[]");
        bad(api::chat, "");
    }
}
