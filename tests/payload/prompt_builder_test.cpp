#include "payload/prompt_builder.hpp"

#include <doctest/doctest.h>

#include "scan_fixture.hpp"

using weir::api_kind;
using weir::payload::with;

namespace {

using texts = std::vector<std::string>;

std::string ids(std::initializer_list<unsigned> values) {
    std::string out;
    for (const unsigned v : values) {
        for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(v >> shift & 0xFF);
    }
    return out;
}

}  // namespace

TEST_SUITE("payload/prompt_builder") {
    TEST_CASE("every missing prompt gets the guide's words") {
        struct row {
            api_kind api;
            const char* members;
        };
        for (const auto& [api, members] : {
                 row{api_kind::completions, R"("x":1)"},
                 row{api_kind::completions, R"("prompt":null)"},
                 row{api_kind::completions, R"("messages":[{"role":"user","content":"x"}])"},
                 row{api_kind::chat_completions, R"("prompt":"x")"},
                 row{api_kind::chat_completions, R"("messages":null)"},
                 row{api_kind::embeddings, R"("prompt":"x")"},
                 row{api_kind::responses, R"("messages":[])"},
                 row{api_kind::conversations, R"("input":"x")"},
                 row{api_kind::images, R"("input":"x")"},
                 row{api_kind::messages, R"("prompt":"x")"},
                 row{api_kind::count_tokens, R"("input":"x")"},
                 row{api_kind::vllm_generate, R"("prompt":"x")"},
                 row{api_kind::sglang_generate, R"("prompt":"x")"},
             }) {
            CAPTURE(static_cast<int>(api));
            CAPTURE(members);
            const auto s = with(api, members);
            CHECK_FALSE(s.refused);
            REQUIRE(s.facts.prompt_problem);
            CHECK(s.prompt_message() == "prompt not found in request");
            CHECK(s.facts.prompt_problem->reason == "prompt-not-found");
            CHECK(s.facts.prompt_problem->param == "prompt");
            CHECK(s.facts.prompts.empty());
        }
    }

    TEST_CASE("a prompt of a wrong shape is refused by the name of its field") {
        struct row {
            api_kind api;
            const char* members;
            const char* message;
            const char* field;
        };
        const std::string ids_prefix = "invalid generate request: input_ids ";
        for (const auto& [api, members, message, field] : {
                 row{api_kind::completions, R"("prompt":7)", "prompt is not a string", "prompt"},
                 row{api_kind::completions, R"("prompt":{})", "prompt is not a string", "prompt"},
                 row{api_kind::completions, R"("prompt":true)", "prompt is not a string", "prompt"},
                 row{api_kind::completions, R"("prompt":"")", "prompt is empty", "prompt"},
                 row{api_kind::completions, R"("prompt":[])", "prompt is empty", "prompt"},
                 row{api_kind::completions, R"("prompt":["a",1])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[1,"a"])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[1,-2])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[1.5])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[4294967296])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[null])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[[1],2])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::completions, R"("prompt":[[1],["a"]])",
                     "prompt is not a list of strings or token ids", "prompt"},
                 row{api_kind::chat_completions, R"("messages":[])", "messages is empty",
                     "messages"},
                 row{api_kind::chat_completions, R"("messages":"hi")", "messages is not a list",
                     "messages"},
                 row{api_kind::chat_completions, R"("messages":{})", "messages is not a list",
                     "messages"},
                 row{api_kind::chat_completions, R"("messages":[{},"x"])",
                     "messages[1] is not an object", "messages"},
                 row{api_kind::chat_completions, R"("messages":[{"content":7}])",
                     "messages[0].content is not a string or a list", "messages"},
                 row{api_kind::chat_completions, R"("messages":[{"content":[{},"x"]}])",
                     "messages[0].content[1] is not an object", "messages"},
                 row{api_kind::messages, R"("messages":[])", "messages is empty", "messages"},
                 row{api_kind::messages, R"("messages":[{"content":{}}])",
                     "messages[0].content is not a string or a list", "messages"},
                 row{api_kind::embeddings, R"("input":[])", "input is empty", "input"},
                 row{api_kind::embeddings, R"("input":"")", "input is empty", "input"},
                 row{api_kind::embeddings, R"("input":7)", "input is not a string", "input"},
                 row{api_kind::embeddings, R"("input":["a",{}])",
                     "input is not a list of strings or token ids", "input"},
                 row{api_kind::responses, R"("input":7)", "input is not a string or a list",
                     "input"},
                 row{api_kind::conversations, R"("items":[])", "items is empty", "items"},
                 row{api_kind::conversations, R"("items":"x")", "items is not a list", "items"},
                 row{api_kind::images, R"("prompt":["x"])", "prompt is not a string", "prompt"},
                 row{api_kind::images, R"("prompt":"")", "prompt is empty", "prompt"},
                 row{api_kind::vllm_generate, R"("token_ids":[])",
                     "invalid generate request: must have non-empty token_ids field", "token_ids"},
                 row{api_kind::vllm_generate, R"("token_ids":"x")",
                     "token_ids is not a list of token ids", "token_ids"},
                 row{api_kind::vllm_generate, R"("token_ids":[1,-1])",
                     "invalid generate request: token_ids[1]: invalid value -1", "token_ids"},
                 row{api_kind::sglang_generate, R"("input_ids":[1],"extra_key":["a"])",
                     "unsupported generate request: extra_key must be a string", "extra_key"},
                 row{api_kind::sglang_generate, R"("input_ids":[])",
                     "invalid generate request: input_ids cannot be empty", "input_ids"},
                 row{api_kind::sglang_generate, R"("input_ids":["a"])",
                     "invalid generate request: input_ids must be an array of uint32 integers",
                     "input_ids"},
                 row{api_kind::sglang_generate, R"("text":7)", "text is not a string", "text"},
             }) {
            CAPTURE(members);
            const auto s = with(api, members);
            CHECK_FALSE(s.refused);
            REQUIRE(s.facts.prompt_problem);
            CHECK(s.prompt_message() == message);
            CHECK(s.facts.prompt_problem->reason == "bad-request");
            CHECK(s.facts.prompt_problem->param == field);
            CHECK(s.facts.prompts.empty());
        }
    }

    TEST_CASE("completions: texts as they read, one prompt each, token ids as four bytes") {
        struct row {
            const char* members;
            texts prompts;
        };
        for (const auto& [members, prompts] : {
                 row{R"("prompt":"plain")", {"plain"}},
                 row{R"("prompt":"a\nb\u00e9\ud83d\ude00\/")", {"a\nb\xC3\xA9\xF0\x9F\x98\x80/"}},
                 row{R"("prompt":"lone \ud800 and \udc00x")",
                     {"lone \xEF\xBF\xBD and \xEF\xBF\xBDx"}},
                 row{R"("prompt":["one","t\u0077o","three"])", {"one", "two", "three"}},
                 row{R"("prompt":["",""])", {"", ""}},
                 row{R"("prompt":[1, 258 ,4294967295])", {ids({1, 258, 4294967295U})}},
                 row{R"("prompt":[1.0,2e2])", {ids({1, 200})}},
                 row{R"("prompt":[[1,2],[3]])", {ids({1, 2}), ids({3})}},
                 row{R"("prompt":"old","prompt":"new")", {"new"}},
                 row{R"("prompt_embeds":"AAAA")", {}},
             }) {
            CAPTURE(members);
            const auto s = with(api_kind::completions, members);
            CHECK(s.message() == "");
            CHECK(s.prompt_message() == "");
            CHECK(s.prompts() == prompts);
        }
    }

    TEST_CASE("responses, conversations and embeddings: Go's JSON of what the picker hashes") {
        struct row {
            api_kind api;
            const char* members;
            std::string stream;
        };
        for (
            const auto& [api, members, stream] : {
                row{api_kind::responses, R"("input":"a<b")", R"([{"input":"a\u003cb"}])"},
                row{api_kind::responses,
                    R"("input":[{"role":"user","content":1.0}],"tools":[],"instructions":"do")",
                    R"([{"instructions":"do"},{"tools":[]},{"input":[{"content":1,"role":"user"}]}])"},
                row{api_kind::responses, R"("input":"","instructions":null)", R"([{"input":""}])"},
                row{api_kind::conversations, R"("items":[{"type":"message","a":true}])",
                    R"([{"a":true,"type":"message"}])"},
                row{api_kind::embeddings, R"("input":"text")",
                    R"({"Raw":"text","Strings":null,"TokenIDs":null})"},
                row{api_kind::embeddings, R"("input":["a","b"])",
                    R"({"Raw":"","Strings":["a","b"],"TokenIDs":null})"},
                row{api_kind::embeddings, R"("input":[5])", ids({5})},
                row{api_kind::embeddings, R"("messages":[{"role":"user","content":"x"}])", "userx"},
            }) {
            CAPTURE(members);
            const auto s = with(api, members);
            CHECK(s.message() == "");
            CHECK(s.prompt_message() == "");
            CHECK(s.prompts() == texts{stream});
        }
    }

    TEST_CASE("generate APIs: token ids or text") {
        CHECK(with(api_kind::vllm_generate, R"("token_ids":[7,8])").prompts() ==
              texts{ids({7, 8})});
        CHECK(with(api_kind::sglang_generate, R"("input_ids":[7],"text":"x")").prompts() ==
              texts{ids({7})});
        CHECK(with(api_kind::sglang_generate, R"("input_ids":[[7],[8]])").prompts() ==
              texts{ids({7}), ids({8})});
        CHECK(with(api_kind::sglang_generate, R"("text":["a","b"])").prompts() == texts{"a", "b"});
        CHECK(with(api_kind::sglang_generate, R"("inputs":"tgi")").prompts() == texts{"tgi"});
        CHECK(with(api_kind::images, R"("prompt":"a cat")").prompts() == texts{"a cat"});
    }
}
