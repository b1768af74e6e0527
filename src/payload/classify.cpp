#include <array>
#include <utility>

#include "base/strings.hpp"
#include "payload/request.hpp"

namespace weir::payload {
namespace {

// Longest first: the first suffix that fits wins. The picker compares plain ends, not segments.
constexpr std::array<std::pair<std::string_view, api_kind>, 12> suffixes{{
    {"chat/completions/render", api_kind::chat_completions},
    {"messages/count_tokens", api_kind::count_tokens},
    {"inference/v1/generate", api_kind::vllm_generate},
    {"completions/render", api_kind::completions},
    {"images/generations", api_kind::images},
    {"chat/completions", api_kind::chat_completions},
    {"conversations", api_kind::conversations},
    {"completions", api_kind::completions},
    {"embeddings", api_kind::embeddings},
    {"responses", api_kind::responses},
    {"messages", api_kind::messages},
    {"generate", api_kind::sglang_generate},
}};

}  // namespace

api_kind classify(std::string_view path, const api_claims& claims) {
    path = trim(path.substr(0, path.find('?')));
    if (path.ends_with('/')) path.remove_suffix(1);
    for (const auto& [suffix, api] : suffixes) {
        if (path.ends_with(suffix) && claims.has(api)) return api;
    }
    return api_kind::other;
}

}  // namespace weir::payload
