#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

/// Oldest first, objects without a creationTimestamp last, then `namespace/name`.
template <class T>
std::vector<const T*> by_age(const std::vector<T>& objects) {
    std::vector<const T*> sorted;
    for (const auto& o : objects) sorted.push_back(&o);
    std::stable_sort(sorted.begin(), sorted.end(), [](const T* a, const T* b) {
        if (a->meta.created != b->meta.created) {
            if (a->meta.created.empty() || b->meta.created.empty()) return b->meta.created.empty();
            return a->meta.created < b->meta.created;
        }
        return a->meta.id() < b->meta.id();
    });
    return sorted;
}

void report_missing(resolve_state& state, const metadata& meta, const pool_ref_spec& ref) {
    if (ref.name.value.empty()) return;  // an error of the schema, which says it better
    const auto what = meta.kind + " " + meta.id();
    const auto& other_group = ref.group.value == pool_group_v1 ? pool_group_alpha : pool_group_v1;
    if (state.defined_pool(other_group, meta.name_space.value, ref.name.value) != nullptr) {
        auto& f =
            state.found.warning(codes::pool_ref_group,
                                what + " refers to a pool of group \"" + ref.group.value +
                                    "\", but pool \"" + ref.name.value + "\" is of another group",
                                ref.at);
        f.help = "set poolRef.group to the group of the pool's apiVersion";
        f.note = "the object is ignored: its priority or rewrite does not apply";
        return;
    }
    auto& f =
        state.found.warning(codes::pool_ref_missing,
                            what + " refers to InferencePool \"" + ref.name.value +
                                "\", which namespace " + meta.name_space.value + " does not have",
                            ref.name.at);
    f.suggestion = nearest_name(state.found, ref.name, meta.name_space.value, state.in.pools);
    f.note = "the object is ignored: its priority or rewrite does not apply";
}

/// The status of an object, to which what is found out about it is added.
resource_status& add_status(resolve_state& state, const metadata& meta) {
    auto& status = state.statuses.emplace_back();
    status.api_version = meta.api_version;
    status.kind = meta.kind;
    status.name_space = meta.name_space.value;
    status.name = meta.name.value;
    return status;
}

/// The pool a reference names; reports it when there is none, and says either in `conditions`.
pool* pool_of(resolve_state& state, const metadata& meta, const pool_ref_spec& ref,
              condition_list& conditions) {
    const auto index = state.find_pool(ref.group.value, meta.name_space.value, ref.name.value);
    if (index) {
        conditions.set("Accepted", true, "Accepted", "");
        return &state.out.pools[*index];
    }
    conditions.set("Accepted", false, "Pending",
                   "InferencePool \"" + ref.name.value + "\" is not served");
    if (state.defined_pool(ref.group.value, meta.name_space.value, ref.name.value) == nullptr)
        report_missing(state, meta, ref);
    return nullptr;
}

std::vector<weighted_name> targets_of(const std::vector<weighted_target_spec>& specs) {
    std::vector<weighted_name> targets;
    for (const auto& t : specs) {
        targets.push_back(
            {t.model.value, t.weight ? std::optional(t.weight->value) : std::nullopt});
    }
    return targets;
}

void resolve_objectives(resolve_state& state) {
    for (const auto* o : by_age(state.in.objectives)) {
        auto& conditions = add_status(state, o->meta).conditions;
        if (auto* pool = pool_of(state, o->meta, o->pool_ref, conditions)) {
            const auto [at, fresh] =
                pool->objectives.try_emplace(o->meta.name.value, o->priority.value);
            if (!fresh) {
                auto& f = state.found.warning(codes::objective_shadowed,
                                              "InferencePool " + pool->id() +
                                                  " has another InferenceObjective \"" +
                                                  o->meta.name.value + "\"",
                                              o->meta.at);
                f.help = "the one with priority " + std::to_string(at->second) +
                         " applies; rename or remove this one";
            }
            if (o->priority.value < 0) {
                auto& f = state.found.note(codes::negative_priority,
                                           "requests of objective \"" + o->meta.name.value +
                                               "\" are shed while the pool is saturated",
                                           o->priority.at);
                f.note =
                    "the client then sees 429 `system saturated, sheddable request dropped`; 0 and "
                    "above are never shed";
            }
        }
    }
}

void resolve_rewrites(resolve_state& state) {
    for (const auto* r : by_age(state.in.model_rewrites)) {
        auto& conditions = add_status(state, r->meta).conditions;
        if (auto* pool = pool_of(state, r->meta, r->pool_ref, conditions)) {
            for (const auto& rule : r->rules) {
                rewrite_rule flat{r->meta.name.value, {}, targets_of(rule.targets)};
                for (const auto& m : rule.models) flat.models.push_back(m.value);
                pool->rewrites.push_back(std::move(flat));
            }
        }
    }
    for (auto& pool : state.out.pools) {  // a rule that names models wins over one for every model
        std::stable_partition(pool.rewrites.begin(), pool.rewrites.end(),
                              [](const auto& r) { return !r.models.empty(); });
    }
}

/// InferenceModels are older than pools of the newer group and were matched by the pool's name
/// alone (gateway-api-inference-extension v0.5): one that names no group means either.
pool_ref_spec in_either_group(const resolve_state& state, const inference_model_resource& m) {
    auto ref = m.pool_ref;
    const auto defined_in = [&](std::string_view group) {
        return state.defined_pool(group, m.meta.name_space.value, ref.name.value) != nullptr;
    };
    if (!ref.group_given && !defined_in(ref.group.value) && defined_in(pool_group_v1))
        ref.group.value = pool_group_v1;
    return ref;
}

void resolve_models(resolve_state& state) {
    std::set<std::pair<const pool*, std::string_view>> taken;
    for (const auto* m : by_age(state.in.inference_models)) {
        auto& conditions = add_status(state, m->meta).conditions;
        const auto ref = in_either_group(state, *m);
        if (auto* pool = pool_of(state, m->meta, ref, conditions)) {
            if (taken.emplace(pool, m->model_name.value).second) {
                pool->models.push_back({m->model_name.value,
                                        m->level ? m->level->value : criticality::standard,
                                        targets_of(m->targets)});
            } else {
                conditions.set("Accepted", false, "ModelNameInUse",
                               "another InferenceModel of this pool has modelName \"" +
                                   m->model_name.value + "\"");
                auto& f = state.found.warning(codes::model_name_in_use,
                                              "modelName \"" + m->model_name.value +
                                                  "\" is in use in InferencePool " + pool->id(),
                                              m->model_name.at);
                f.help =
                    "the oldest InferenceModel wins, then the first by namespace/name; this one is "
                    "ignored";
            }
        }
    }
}

}  // namespace

void resolve_pool_parts(resolve_state& state) {
    resolve_objectives(state);
    resolve_rewrites(state);
    resolve_models(state);
}

}  // namespace weir::config
