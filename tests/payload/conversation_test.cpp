#include <doctest/doctest.h>

#include "scan_fixture.hpp"

using weir::api_kind;
using weir::payload::with;

namespace {

using texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("payload/conversation") {
    TEST_CASE("chat: tools as Go prints them, then role and content of each message") {
        struct row {
            const char* members;
            std::string stream;
        };
        for (
            const auto& [members, stream] : {
                row{R"("messages":[{"role":"system","content":"be\n"},{"content":"hi","role":"user"}])",
                    "systembe\nuserhi"},
                row{R"("messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","a":"<\n>"}])",
                    R"([{"a":"\u003c\n\u003e","type":"function"}]userhi)"},
                row{R"("tools":[],"messages":[{"role":"user","content":"hi"}])", "userhi"},
                row{R"("tools":{"a":1},"messages":[{"role":"user","content":"hi"}])", "userhi"},
                row{R"("messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}])",
                    "assistant"},
                row{R"("messages":[{"role":7,"content":"x"}])", "x"},
                row{R"("messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"t\u0065xt","text":"b"}]}])",
                    "userab"},
                row{R"("messages":[{"role":"user","content":[{"type":"refusal","refusal":"a"},{"text":"b"}]}])",
                    "user"},
                row{R"("prompt":"ignored","messages":[{"role":"u"}])", "u"},
                row{R"("messages":[{"role":"","content":""}])", ""},
                row{R"("messages":[{"role":"","content":"x"}])", "x"},
                row{R"("messages":[{}])", ""},
                row{R"("messages":[{"r\u006fle":"user","content":"x"}])", "userx"},
            }) {
            CAPTURE(members);
            const auto s = with(api_kind::chat_completions, members);
            CHECK(s.message() == "");
            CHECK(s.prompt_message() == "");
            CHECK(s.prompts() == texts{stream});
        }
    }

    TEST_CASE("Anthropic: tools, system without the billing line, messages with their blocks") {
        struct row {
            const char* members;
            std::string stream;
        };
        for (
            const auto& [members, stream] : {
                row{R"("system":"sys","messages":[{"role":"user","content":"hi"}])", "sysuserhi"},
                row{R"("messages":[{"role":"user","content":"hi"}],"tools":[{"name":"t"}],"system":[{"type":"text","text":"x-anthropic-billing-header: 1"},{"type":"text","text":"S"}])",
                    R"([{"name":"t"}]Suserhi)"},
                row{R"("messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"redacted_thinking","data":"zz"},{"type":"tool_use","id":"i","name":"n","input":{"b": 1, "a":2}}]}])",
                    R"(assistanthmin{"b": 1, "a":2})"},
                row{R"("messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"type":"tool_result","content":"c"}]}])",
                    "usera\nbc"},
            }) {
            CAPTURE(members);
            const auto s = with(api_kind::messages, members);
            CHECK(s.message() == "");
            CHECK(s.prompt_message() == "");
            CHECK(s.prompts() == texts{stream});
        }
    }

    TEST_CASE("an image is padded placeholders of its hash") {
        // XXH64 of "http://x/a.png" with seed 0, low half repeated; 640 x 360 / 1024 = 225.
        const auto s = with(
            api_kind::chat_completions,
            R"("messages":[{"role":"user","content":[{"type":"text","text":"see:"},{"type":"image_url","image_url":{"url":"http://x/a.png"}},{"type":"text","text":"?"}]}])");
        const auto stream = s.stream();
        REQUIRE(stream.size() == 8 + 225 * 4 + 1);
        CHECK(stream.substr(0, 8) == "usersee:");
        const auto token = stream.substr(8, 4);
        for (std::size_t i = 0; i < 225; ++i) CHECK(stream.substr(8 + 4 * i, 4) == token);
        CHECK(stream.back() == '?');

        const auto other = with(
            api_kind::chat_completions,
            R"("messages":[{"role":"us","content":[{"type":"image_url","image_url":{"url":"http:\/\/x\/a.png"}}]}])");
        REQUIRE(other.stream().size() == 4 + 225 * 4);
        CHECK(other.stream().substr(0, 4) == std::string("us\0\0", 4));
        CHECK(other.stream().substr(4, 4) == token);
    }

    TEST_CASE("every asset is listed with its hash, its weight and its prompt") {
        const auto s = with(
            api_kind::chat_completions,
            R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"abc"}},{"type":"input_audio","input_audio":{"data":"ab","format":"c"}},{"type":"text","text":"?"}]}])");
        REQUIRE(s.facts.media.size() == 2);
        // XXH64 of "abc", seed 0; the clip's data and format are hashed together.
        for (const auto& item : s.facts.media) {
            CHECK(item.hash == 0x44BC2CF5AD770999);
            CHECK(item.prompt == 0);
        }
        CHECK(s.facts.media[0].tokens == 225);
        CHECK(s.facts.media[1].tokens == 1);
        CHECK(with(api_kind::chat_completions, R"("messages":[{"role":"user","content":"x"}])")
                  .facts.media.empty());
    }

    TEST_CASE("clips, videos and Anthropic images have weight too") {
        const auto size = [](api_kind api, const char* block) {
            return with(api,
                        R"("messages":[{"role":"user","content":[)" + std::string(block) + "]}]")
                .stream()
                .size();
        };
        CHECK(size(api_kind::chat_completions, R"({"type":"video_url","video_url":{"url":"v"}})") ==
              4 + 4500 * 4);
        CHECK(size(api_kind::chat_completions,
                   R"({"type":"input_audio","input_audio":{"data":"AAAAAAAA","format":"wav"}})") ==
              4 + 3 * 4);
        CHECK(size(api_kind::chat_completions, R"({"type":"audio_url","audio_url":{"url":"a"}})") ==
              4 + 4);
        CHECK(
            size(
                api_kind::messages,
                R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}})") ==
            4 + 225 * 4);
        CHECK(size(api_kind::messages,
                   R"({"type":"image","source":{"type":"url","url":"http://x"}})") == 4 + 225 * 4);
        CHECK(size(api_kind::messages, R"({"type":"image"})") == 4);
        CHECK(
            size(
                api_kind::messages,
                R"({"type":"tool_result","content":[{"type":"image","source":{"type":"base64","data":"AAAA"}}]})") ==
            4 + 225 * 4);
    }
}
