#include "proxy/parser_claims.hpp"

#include <doctest/doctest.h>

#include <vector>

using weir::api_kind;
using weir::config::parser_kind;
using weir::payload::classify;
using weir::proxy::claims_of;

TEST_SUITE("proxy/parser_claims") {
    TEST_CASE("a path is read by the listed parser that claims its longest end") {
        using parsers = std::vector<parser_kind>;
        const auto all = parsers{parser_kind::openai, parser_kind::anthropic,
                                 parser_kind::vllm_http, parser_kind::passthrough};
        struct row {
            parsers listed;
            const char* path;
            api_kind api;
            bool passes;
        };
        for (const auto& [listed, path, api, passes] : {
                 row{{}, "/generate", api_kind::sglang_generate, true},
                 row{all, "/generate", api_kind::sglang_generate, true},
                 row{all, "/v1/messages", api_kind::messages, true},
                 row{{parser_kind::openai},
                     "/v1/chat/completions",
                     api_kind::chat_completions,
                     false},
                 row{{parser_kind::openai}, "/v1/images/generations", api_kind::images, false},
                 row{{parser_kind::openai}, "/v1/messages", api_kind::other, false},
                 row{{parser_kind::anthropic},
                     "/v1/messages/count_tokens",
                     api_kind::count_tokens,
                     false},
                 row{{parser_kind::anthropic}, "/v1/completions", api_kind::other, false},
                 row{{parser_kind::vllm_http},
                     "/inference/v1/generate",
                     api_kind::vllm_generate,
                     false},
                 row{{parser_kind::vllm_http}, "/generate", api_kind::other, false},
                 row{{parser_kind::sglang_http},
                     "/inference/v1/generate",
                     api_kind::sglang_generate,
                     false},
                 row{{parser_kind::passthrough, parser_kind::openai},
                     "/v1/completions",
                     api_kind::other,
                     true},
                 row{{parser_kind::openai, parser_kind::passthrough},
                     "/v1/responses",
                     api_kind::responses,
                     true},
                 row{{parser_kind::vllm_grpc, parser_kind::vertex_ai},
                     "/v1/completions",
                     api_kind::other,
                     false},
             }) {
            CAPTURE(path);
            const auto claims = claims_of(listed);
            CHECK(classify(path, claims) == api);
            CHECK(claims.others_pass == passes);
        }
    }
}
