#include <algorithm>

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

bool in_other_group(const resolve_state& state, const metadata& meta, const pool_ref_spec& ref) {
    return std::any_of(state.in.pools.begin(), state.in.pools.end(), [&](const pool_resource& p) {
        return p.meta.name.value == ref.name.value &&
               p.meta.name_space.value == meta.name_space.value && p.meta.group != ref.group.value;
    });
}

/// Whether the pool stands in a file but `--pool-name` chose another one.
bool is_defined(const resolve_state& state, const metadata& meta, const pool_ref_spec& ref) {
    return std::any_of(state.in.pools.begin(), state.in.pools.end(), [&](const pool_resource& p) {
        return p.meta.name.value == ref.name.value &&
               p.meta.name_space.value == meta.name_space.value && p.meta.group == ref.group.value;
    });
}

void report_missing(resolve_state& state, const metadata& meta, const pool_ref_spec& ref) {
    if (ref.name.value.empty()) return;  // an error of the schema, which says it better
    const auto what = meta.kind + " " + meta.id();
    if (in_other_group(state, meta, ref)) {
        auto& f =
            state.found.warning(codes::pool_ref_group,
                                what + " refers to a pool of group \"" + ref.group.value +
                                    "\", but pool \"" + ref.name.value + "\" is of another group",
                                ref.at);
        f.help = "set poolRef.group to the group of the pool's apiVersion";
        f.suggestion = {};
        f.note = "the object is ignored: its priority or rewrite does not apply";
        return;
    }
    std::vector<std::string_view> names;
    for (const auto& p : state.in.pools) {
        if (p.meta.name_space.value == meta.name_space.value) names.push_back(p.meta.name.value);
    }
    auto& f =
        state.found.warning(codes::pool_ref_missing,
                            what + " refers to InferencePool \"" + ref.name.value +
                                "\", which namespace " + meta.name_space.value + " does not have",
                            ref.name.at);
    f.suggestion = std::string(nearest(ref.name.value, names));
    f.note = "the object is ignored: its priority or rewrite does not apply";
}

/// The pool a reference names; reports it when there is none, and makes the object's status.
pool* pool_of(resolve_state& state, const metadata& meta, const pool_ref_spec& ref,
              resource_status& status, condition_list& conditions) {
    status.api_version = meta.api_version;
    status.kind = meta.kind;
    status.name_space = meta.name_space.value;
    status.name = meta.name.value;
    const auto index = state.find_pool(ref.group.value, meta.name_space.value, ref.name.value);
    if (index) {
        conditions.set("Accepted", true, "Accepted", "");
        return &state.out.pools[*index];
    }
    conditions.set("Accepted", false, "Pending",
                   "InferencePool \"" + ref.name.value + "\" is not served");
    if (!is_defined(state, meta, ref)) report_missing(state, meta, ref);
    return nullptr;
}

void finish(resolve_state& state, resource_status status, const condition_list& conditions) {
    json_writer json;
    json.begin_object();
    write_conditions(json, conditions);
    json.end_object();
    status.status_json = json.take();
    append_conditions(status, "", conditions);
    state.statuses.push_back(std::move(status));
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
        resource_status status;
        condition_list conditions;
        if (auto* pool = pool_of(state, o->meta, o->pool_ref, status, conditions)) {
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
        finish(state, std::move(status), conditions);
    }
}

void resolve_rewrites(resolve_state& state) {
    for (const auto* r : by_age(state.in.model_rewrites)) {
        resource_status status;
        condition_list conditions;
        if (auto* pool = pool_of(state, r->meta, r->pool_ref, status, conditions)) {
            for (const auto& rule : r->rules) {
                rewrite_rule flat{r->meta.name.value, {}, targets_of(rule.targets)};
                for (const auto& m : rule.models) flat.models.push_back(m.value);
                pool->rewrites.push_back(std::move(flat));
            }
        }
        finish(state, std::move(status), conditions);
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
    if (!ref.group_given && !is_defined(state, m.meta, ref)) {
        auto newer = ref;
        newer.group.value = "inference.networking.k8s.io";
        if (is_defined(state, m.meta, newer)) return newer;
    }
    return ref;
}

void resolve_models(resolve_state& state) {
    for (const auto* m : by_age(state.in.inference_models)) {
        resource_status status;
        condition_list conditions;
        const auto ref = in_either_group(state, *m);
        if (auto* pool = pool_of(state, m->meta, ref, status, conditions)) {
            const auto taken =
                std::find_if(pool->models.begin(), pool->models.end(),
                             [&](const auto& x) { return x.model_name == m->model_name.value; });
            if (taken == pool->models.end()) {
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
        finish(state, std::move(status), conditions);
    }
}

}  // namespace

void resolve_pool_parts(resolve_state& state) {
    resolve_objectives(state);
    resolve_rewrites(state);
    resolve_models(state);
}

}  // namespace weir::config
