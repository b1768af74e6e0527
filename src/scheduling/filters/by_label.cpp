#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class labelled final : public plugin_of<filter> {
  public:
    labelled(std::string label, std::vector<std::string> values, bool allows_none)
        : label_(std::move(label)), values_(std::move(values)), allows_none_(allows_none) {}

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* value = candidates.at(i).label(label_);
            const bool fits = value == nullptr ? allows_none_
                                               : std::find(values_.begin(), values_.end(),
                                                           *value) != values_.end();
            keep[i] = fits ? 1 : 0;
        }
    }

  private:
    std::string label_;
    std::vector<std::string> values_;
    bool allows_none_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    auto label = p.text("label", "");
    auto values = p.texts("validValues");
    const bool allows_none = p.boolean("allowsNoLabel", false);
    if (label.empty()) p.reject("label", "label is required");
    if (values.empty() && !allows_none)
        p.reject("validValues", "validValues must be set, or allowsNoLabel be true");
    return std::make_unique<labelled>(std::move(label), std::move(values), allows_none);
}

constexpr parameter_doc docs[] = {
    {"label", "string", "", "the label to look at"},
    {"validValues", "list", "[]", "values to keep"},
    {"allowsNoLabel", "bool", "false", "keep endpoints without the label too"},
};

}  // namespace

extern const plugin_type by_label = {
    .name = "by-label",
    .level = stability::deprecated,
    .summary = "keeps endpoints by the value of one label",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
