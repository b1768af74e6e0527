#include <algorithm>
#include <memory>

#include "scheduling/endpoint_attribute.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

bool holds(std::string_view op, double v, double limit) {
    if (op == "LessThan") return v < limit;
    if (op == "LessThanOrEqual") return v <= limit;
    if (op == "GreaterThan") return v > limit;
    if (op == "GreaterThanOrEqual") return v >= limit;
    if (op == "Equal") return v == limit;
    return v != limit;
}

struct settings {
    endpoint_attribute attribute;
    std::string op;
    double limit = 0;
    bool pass_missing = true;
    bool fallback = false;
};

class threshold final : public plugin_of<filter> {
  public:
    explicit threshold(settings s) : s_(std::move(s)) {}

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const auto* values = s_.attribute.values(*candidates.signals);
        bool any = false;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const bool missing = values == nullptr || std::isnan((*values)[candidates[i]]);
            const bool fits =
                missing ? s_.pass_missing : holds(s_.op, (*values)[candidates[i]], s_.limit);
            keep[i] = fits ? 1 : 0;
            any = any || fits;
        }
        if (!any && s_.fallback) std::fill(keep.begin(), keep.end(), std::uint8_t{1});
    }

  private:
    settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    settings s;
    s.attribute = endpoint_attribute::read(p, "attribute");
    s.pass_missing = p.one_of("onMissing", "Pass", {"Pass", "Fail"}) == "Pass";
    s.fallback = p.boolean("fallbackOnEmpty", false);
    auto& algorithm = p.object("algorithm");
    if (algorithm.text("type", "") != "threshold")
        algorithm.reject("type", "algorithm.type must be \"threshold\"");
    auto& t = algorithm.object("threshold");
    s.op = t.one_of(
        "operator", "",
        {"LessThan", "LessThanOrEqual", "GreaterThan", "GreaterThanOrEqual", "Equal", "NotEqual"});
    if (!t.has("operator")) t.reject("", "algorithm.threshold.operator is required");
    if (!t.has("value")) t.reject("", "algorithm.threshold.value is required");
    s.limit = t.number("value", 0);
    return std::make_unique<threshold>(std::move(s));
}

constexpr parameter_doc docs[] = {
    {"attribute", "string", "", "the attribute's name"},
    {"producer", "string", "core-metrics-extractor",
     "who publishes it; empty: nobody in particular"},
    {"onMissing", "string", "Pass", "Pass or Fail endpoints without the attribute"},
    {"fallbackOnEmpty", "bool", "false", "keep all when none passes"},
    {"algorithm", "object", "", "{type: threshold, threshold: {operator, value}}"},
};

}  // namespace

extern const plugin_type endpoint_attribute_filter = {
    .name = "endpoint-attribute-filter",
    .level = stability::alpha,
    .summary = "keeps endpoints by a threshold on a numeric attribute",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
