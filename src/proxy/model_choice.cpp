#include "proxy/model_choice.hpp"

#include <algorithm>
#include <vector>

namespace weir::proxy {
namespace {

/// All unweighted: uniform. Some weighted: those without a weight never win.
std::string_view draw(const std::vector<config::weighted_name>& from, random_source& random) {
    if (from.empty()) return {};
    std::uint64_t sum = 0;
    for (const auto& t : from) sum += t.weight.value_or(0);
    if (sum == 0) return from[random.below(from.size())].name;
    auto left = random.below(sum);
    for (const auto& t : from) {
        const auto weight = t.weight.value_or(0);
        if (left < weight) return t.name;
        left -= weight;
    }
    return {};
}

const config::rewrite_rule* find_rule(const config::pool& pool, std::string_view model) {
    const config::rewrite_rule* generic = nullptr;
    for (const auto& rule : pool.rewrites) {
        if (rule.models.empty()) {
            if (generic == nullptr) generic = &rule;
            continue;
        }
        if (std::find(rule.models.begin(), rule.models.end(), model) != rule.models.end())
            return &rule;
    }
    return generic;
}

const config::inference_model* find_model(const config::pool& pool, std::string_view model) {
    for (const auto& m : pool.models) {
        if (m.model_name == model) return &m;
    }
    return nullptr;
}

}  // namespace

model_choice choose_model(const config::pool& pool, std::string_view model, std::string_view header,
                          random_source& random) {
    if (const auto* rule = find_rule(pool, model)) return {draw(rule->targets, random), rule};
    if (!header.empty()) return {header, nullptr};
    if (const auto* m = find_model(pool, model); m != nullptr && !m->targets.empty()) {
        return {draw(m->targets, random), nullptr};
    }
    return {model, nullptr};
}

resolved_model resolve_model(const config::pool& pool, api_kind api,
                             const payload::request_facts& facts, std::string_view header,
                             random_source& random) {
    resolved_model out;
    if (facts.has_model) out.model = facts.model;
    if (facts.model_problem && !out.model.empty()) {
        out.refused = facts.model_problem;
        return out;
    }
    const bool needed = payload::needs_model(api);
    if (out.model.empty() && !needed) return out;
    out.choice = choose_model(pool, out.model, header, random);
    if (out.choice.target.empty() && api != api_kind::other) {
        out.refused = payload::model_not_found();
        return out;
    }
    out.rewritten = out.choice.target != out.model;
    return out;
}

void keep_model_names(label_cap& cap, const config::model& model) {
    const auto keep_all = [&cap](const std::vector<config::weighted_name>& targets) {
        for (const auto& t : targets) cap.keep(t.name);
    };
    for (const auto& pool : model.pools) {
        for (const auto& rule : pool.rewrites) {
            for (const auto& name : rule.models) cap.keep(name);
            keep_all(rule.targets);
        }
        for (const auto& m : pool.models) {
            cap.keep(m.model_name);
            keep_all(m.targets);
        }
    }
}

std::optional<config::criticality> criticality_of(const config::pool& pool,
                                                  std::string_view model) {
    const auto* m = find_model(pool, model);
    if (m == nullptr) return std::nullopt;
    return m->level;
}

}  // namespace weir::proxy
