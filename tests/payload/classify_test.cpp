#include <doctest/doctest.h>

#include "payload/request.hpp"

using weir::api_kind;
using weir::payload::classify;

TEST_SUITE("payload/classify") {
    TEST_CASE("the longest known ending of the path names the API") {
        struct row {
            const char* path;
            api_kind api;
        };
        for (const auto& [path, api] : {
                 row{"/v1/completions", api_kind::completions},
                 row{"/v1/chat/completions", api_kind::chat_completions},
                 row{"/v1/completions/render", api_kind::completions},
                 row{"/v1/chat/completions/render", api_kind::chat_completions},
                 row{"/v1/embeddings", api_kind::embeddings},
                 row{"/v1/responses", api_kind::responses},
                 row{"/v1/conversations", api_kind::conversations},
                 row{"/v1/images/generations", api_kind::images},
                 row{"/v1/messages", api_kind::messages},
                 row{"/v1/messages/count_tokens", api_kind::count_tokens},
                 row{"/inference/v1/generate", api_kind::vllm_generate},
                 row{"/generate", api_kind::sglang_generate},
                 row{"/v1/projects/p/openai/chat/completions", api_kind::chat_completions},
                 row{"/xcompletions", api_kind::completions},
                 row{"/v1/completions/", api_kind::completions},
                 row{"/v1/completions?x=/v1/messages", api_kind::completions},
                 row{"/v1/completions/?a=b", api_kind::completions},
                 row{"/v1/completions//", api_kind::other},
                 row{"/v1/Completions", api_kind::other},
                 row{"/v1/models", api_kind::other},
                 row{"/v1/rerank", api_kind::other},
                 row{"/v1/responses/resp_1/cancel", api_kind::other},
                 row{"/", api_kind::other},
                 row{"", api_kind::other},
             }) {
            CAPTURE(path);
            CHECK(classify(path) == api);
        }
    }
}
