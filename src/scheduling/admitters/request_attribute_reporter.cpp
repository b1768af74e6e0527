#include <memory>
#include <string>
#include <string_view>

#include "scheduling/cel_syntax.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// In the reference it writes a number of the answer's usage to the proxy's metadata. weir is the
/// proxy: nobody reads it.
class reporter final : public plugin_of<> {};

void check_expression(parameters& attribute, std::string_view key, const std::string& text) {
    if (const auto why = cel_problem(text); !why.empty())
        attribute.reject(key, "attributes: " + std::string(key) + ": " + why);
}

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    const auto attributes = p.objects("attributes");
    if (attributes.size() != 1) p.reject("attributes", "exactly one attribute must be configured");
    for (auto* a : attributes) {
        auto& key = a->object("key");
        key.text("namespace", "envoy.lb");
        if (key.text("name", "").empty()) key.reject("name", "attributes: key.name is required");
        if (const auto expression = a->text("expression", ""); expression.empty())
            a->reject("expression", "attributes: expression is required");
        else
            check_expression(*a, "expression", expression);
        if (const auto condition = a->text("condition", ""); !condition.empty())
            check_expression(*a, "condition", condition);
    }
    p.note("attributes",
           "weir has no proxy metadata to report to; usage is in its metrics and access log");
    return std::make_unique<reporter>();
}

constexpr parameter_doc docs[] = {
    {"attributes", "list", "", "one {key: {namespace, name}, expression, condition}"},
};

}  // namespace

extern const plugin_type request_attribute_reporter = {
    .name = "request-attribute-reporter",
    .level = stability::beta,
    .summary = "accepted; weir has no proxy metadata to report to",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
