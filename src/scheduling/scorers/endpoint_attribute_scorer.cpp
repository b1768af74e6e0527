#include <algorithm>
#include <limits>
#include <memory>

#include "scheduling/endpoint_attribute.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    endpoint_attribute attribute;
    bool higher_is_better = false;
    bool fixed = false;
    double min = 0;
    double max = 0;
};

class normalised final : public plugin_of<scorer> {
  public:
    explicit normalised(settings s) : s_(std::move(s)) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto* values = s_.attribute.values(*candidates.signals);
        if (values == nullptr) return;
        double low = s_.min;
        double high = s_.max;
        if (!s_.fixed) {
            low = std::numeric_limits<double>::infinity();
            high = -low;
            for (const auto e : candidates.indexes) {
                if (std::isnan((*values)[e])) continue;
                low = std::min(low, (*values)[e]);
                high = std::max(high, (*values)[e]);
            }
        }
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const double v = (*values)[candidates[i]];
            if (std::isnan(v)) continue;
            if (!s_.fixed && high == low) {
                scores[i] = 1;
                continue;
            }
            const double n = std::clamp((v - low) / (high - low), 0.0, 1.0);
            scores[i] = s_.higher_is_better ? n : 1 - n;
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        if (const auto* values = s_.attribute.values(*candidates.signals))
            tell_column(out, candidates, s_.attribute.name(), *values);
    }

  private:
    settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    settings s;
    s.attribute = endpoint_attribute::read(p, "attributeKey");
    auto& algorithm = p.object("algorithm");
    const auto type =
        algorithm.one_of("type", "", {"linear_lower_is_better", "linear_higher_is_better"});
    if (!algorithm.has("type")) algorithm.reject("", "algorithm.type is required");
    s.higher_is_better = type == "linear_higher_is_better";
    auto& normalization = algorithm.object("normalization");
    s.fixed = normalization.has("fixedRange");
    if (s.fixed && normalization.has("adaptiveRange")) {
        normalization.reject("adaptiveRange",
                             "at most one of fixedRange and adaptiveRange may be set");
    }
    normalization.object("adaptiveRange");
    auto& range = normalization.object("fixedRange");
    s.min = range.number("min", 0);
    s.max = range.number("max", 0);
    if (s.fixed && !(s.min < s.max)) range.reject("max", "fixedRange: min must be < max");
    return std::make_unique<normalised>(std::move(s));
}

constexpr parameter_doc docs[] = {
    {"attributeKey", "string", "", "the attribute's name"},
    {"producer", "string", "core-metrics-extractor",
     "who publishes it; empty: nobody in particular"},
    {"algorithm", "object", "",
     "{type: linear_lower_is_better|linear_higher_is_better, normalization: {fixedRange: {min, "
     "max}} or "
     "{adaptiveRange: {}}}"},
};

}  // namespace

extern const plugin_type endpoint_attribute_scorer = {
    .name = "endpoint-attribute-scorer",
    .level = stability::alpha,
    .summary = "a numeric attribute, normalised to 0..1",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
