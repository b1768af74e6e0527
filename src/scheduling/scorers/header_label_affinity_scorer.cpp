#include <memory>

#include "base/strings.hpp"
#include "scheduling/header_reader.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class same_as_header final : public plugin_of<scorer>, public header_reader {
  public:
    same_as_header(std::string header, std::string label)
        : header_(std::move(header)), label_(std::move(label)) {}

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto wanted = context.request.header(header_);
        if (wanted.empty()) return;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* value = candidates.at(i).label(label_);
            scores[i] = value != nullptr && *value == wanted ? 1 : 0;
        }
    }

    std::vector<std::string> headers_read() const override { return {header_}; }

  private:
    std::string header_;
    std::string label_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    auto header = to_lower(trim(p.text("headerName", "")));
    auto label = p.text("labelKey", "");
    if (header.empty()) p.reject("headerName", "headerName is required");
    if (label.empty()) p.reject("labelKey", "labelKey is required");
    return std::make_unique<same_as_header>(std::move(header), std::move(label));
}

constexpr parameter_doc docs[] = {
    {"headerName", "string", "", "the request header"},
    {"labelKey", "string", "", "the endpoint label that should equal it"},
};

}  // namespace

extern const plugin_type header_label_affinity_scorer = {
    .name = "header-label-affinity-scorer",
    .level = stability::alpha,
    .summary = "prefers endpoints whose label equals a request header",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
