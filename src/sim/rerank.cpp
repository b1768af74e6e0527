#include "sim/rerank.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "sim/text.hpp"

namespace weir::sim {

std::optional<plain_answer> rerank(json_document& document, std::string_view body,
                                   const std::string& model) {
    const auto documents = document.parse(body) ? document.root().get("documents") : json_value();
    if (!documents.is(json_value::kind::array)) return std::nullopt;
    const auto query = document.root().get("query").string().value_or("");
    struct ranked {
        std::uint64_t index;
        std::string text;
        double score;
    };
    std::vector<ranked> all;
    std::size_t bytes = 0;
    for (auto d = documents.first(); d; d = d.next()) {
        auto text = d.string() ? *d.string() : d.get("text").string().value_or("");
        bytes += query.size() + text.size();
        const auto score = static_cast<double>(hash_text(query + '\n' + text, 0) >> 11) * 0x1p-53;
        all.push_back({all.size(), std::move(text), score});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.score > b.score; });
    json_writer w;
    w.begin_object().field("id", "rerank-sim").field("model", model).key("usage").begin_object();
    w.field("total_tokens", std::uint64_t{count_tokens(bytes)}).end_object();
    w.key("results").begin_array();
    for (const auto& r : all) {
        w.begin_object().field("index", r.index).key("document").begin_object();
        w.field("text", r.text).end_object().field("relevance_score", r.score).end_object();
    }
    w.end_array().end_object();
    return plain_answer{200, "application/json", w.take()};
}

}  // namespace weir::sim
