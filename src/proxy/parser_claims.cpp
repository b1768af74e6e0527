#include "proxy/parser_claims.hpp"

#include <algorithm>
#include <array>

namespace weir::proxy {
namespace {

using config::parser_kind;

constexpr std::array default_list = {parser_kind::openai, parser_kind::anthropic,
                                     parser_kind::vllm_http, parser_kind::passthrough};

template <class... Apis>
constexpr std::uint32_t bits(Apis... apis) {
    return (... | (std::uint32_t{1} << static_cast<unsigned>(apis)));
}

/// The parsers of gRPC claim nothing here.
std::uint32_t apis_of(parser_kind parser) {
    switch (parser) {
        case parser_kind::openai:
            return bits(api_kind::completions, api_kind::chat_completions, api_kind::embeddings,
                        api_kind::responses, api_kind::conversations, api_kind::images);
        case parser_kind::anthropic:
            return bits(api_kind::messages, api_kind::count_tokens);
        case parser_kind::vllm_http:
            return bits(api_kind::vllm_generate);
        case parser_kind::sglang_http:
            return bits(api_kind::sglang_generate);
        case parser_kind::vllm_grpc:
        case parser_kind::vertex_ai:
        case parser_kind::passthrough:
            break;
    }
    return 0;
}

}  // namespace

payload::api_claims claims_of(std::span<const parser_kind> parsers) {
    if (parsers.empty() || std::ranges::equal(parsers, default_list)) return {};
    payload::api_claims out{0, false};
    for (const auto parser : parsers) {
        out.others_pass = parser == parser_kind::passthrough;
        if (out.others_pass) break;  // those behind it are never asked
        out.apis |= apis_of(parser);
    }
    return out;
}

}  // namespace weir::proxy
