#include <array>
#include <memory>

#include "scheduling/label_selector.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class selected final : public plugin_of<filter> {
  public:
    explicit selected(label_selector wanted) : wanted_(std::move(wanted)) {}

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i)
            keep[i] = wanted_.matches(candidates.at(i)) ? 1 : 0;
    }

  private:
    label_selector wanted_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    return std::make_unique<selected>(label_selector::read(p));
}

constexpr parameter_doc docs[] = {
    {"matchLabels", "object", "{}", "labels that must have exactly these values"},
    {"matchExpressions", "list", "[]", "{key, operator: In|NotIn|Exists|DoesNotExist, values}"},
};
constexpr std::array<std::string_view, 1> older = {"by-label-selector"};

}  // namespace

extern const plugin_type label_selector_filter = {
    .name = "label-selector-filter",
    .level = stability::beta,
    .summary = "keeps endpoints that a Kubernetes label selector matches",
    .docs = docs,
    .aliases = older,
    .make = make,
};

}  // namespace weir::scheduling::plugins
