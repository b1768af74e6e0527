#include <algorithm>

#include "config/parsers.hpp"

namespace weir::config {

namespace {

constexpr std::string_view pool_group = "inference.networking.k8s.io";
constexpr std::string_view old_pool_group = "inference.networking.x-k8s.io";

bool mixes_weights(const std::vector<weighted_target_spec>& targets) {
    const auto weighted = std::count_if(targets.begin(), targets.end(),
                                        [](const auto& t) { return t.weight.has_value(); });
    return weighted != 0 && static_cast<std::size_t>(weighted) != targets.size();
}

/// The first target without a weight in a list where others have one.
const span& unweighted(const std::vector<weighted_target_spec>& targets) {
    const auto it =
        std::find_if(targets.begin(), targets.end(), [](const auto& t) { return !t.weight; });
    return it->model.at;
}

model_rewrite_rule_spec read_rule(const field& from) {
    model_rewrite_rule_spec rule;
    rule.at = from.at();
    const object o(from, {"matches", "targets"});
    if (!o) return rule;
    o["matches"].items(0, 1024, [&](const field& item) {
        const object match(item, {"model"});
        if (!match) return;
        const object model(match.need("model"), {"type", "value"});
        if (!model) return;
        model["type"].choice({"Exact"});
        if (auto value = model.need("value").string(1, 253))
            rule.models.push_back(std::move(*value));
    });
    rule.targets = read_targets(o.need("targets"), "modelRewrite", 1, 1024);
    if (mixes_weights(rule.targets)) {
        auto& f = o.reports().warning(
            "WEIR0228", o["targets"].path().str() + " has weights for some models only",
            unweighted(rule.targets));
        f.help = "give every target a weight, or none";
        f.note = "targets without a weight are never chosen while others have one";
    }
    return rule;
}

}  // namespace

objective_resource parse_objective(const object& root) {
    objective_resource out;
    const object spec(root.need("spec"), {"priority", "poolRef"});
    out.priority.at = spec.at();
    if (!spec) return out;
    if (const auto priority = spec["priority"].integer(-2147483648LL, 2147483647LL)) {
        out.priority = *field::narrow<std::int32_t>(priority);
        out.priority_given = true;
    }
    out.pool_ref = read_pool_ref(spec, pool_group);
    return out;
}

model_rewrite_resource parse_model_rewrite(const object& root) {
    model_rewrite_resource out;
    const object spec(root.need("spec"), {"poolRef", "rules"});
    if (!spec) return out;
    out.pool_ref = read_pool_ref(spec, pool_group);
    spec.need("rules").items(0, 1024,
                             [&](const field& item) { out.rules.push_back(read_rule(item)); });
    return out;
}

inference_model_resource parse_inference_model(const object& root) {
    inference_model_resource out;
    const object spec(root.need("spec"), {"modelName", "criticality", "targetModels", "poolRef"});
    if (!spec) return out;
    out.model_name = or_default(spec.need("modelName").string(1, 256), {}, spec.at());
    if (const auto word = spec["criticality"].choice({"Critical", "Standard", "Sheddable"})) {
        out.level = located<criticality>{word->value == "Critical"   ? criticality::critical
                                         : word->value == "Standard" ? criticality::standard
                                                                     : criticality::sheddable,
                                         word->at};
    }
    out.targets = read_targets(spec["targetModels"], "name", 0, 10);
    if (mixes_weights(out.targets)) {
        spec.reports()
            .error(
                "WEIR0228",
                "spec.targetModels: Weights should be set for all models, or none of the models.",
                unweighted(out.targets))
            .help = "give every target a weight, or none";
    }
    out.pool_ref = read_pool_ref(spec, old_pool_group);
    return out;
}

}  // namespace weir::config
