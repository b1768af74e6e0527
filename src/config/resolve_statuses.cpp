#include <algorithm>
#include <map>

#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

resource_status status_of(const metadata& meta) {
    resource_status status;
    status.api_version = meta.api_version;
    status.kind = meta.kind;
    status.name_space = meta.name_space.value;
    status.name = meta.name.value;
    return status;
}

// --- Gateway
// ---------------------------------------------------------------------------------------

/// While anything is an error, nothing of what was read is in force.
constexpr std::string_view not_in_force = "the configuration has errors and is not in force";

/// Fills in what the earlier steps left to the good case, in a fixed order.
condition_list complete(const resolve_state& state, const gateway_state& g,
                        const listener_state& l) {
    condition_list all;
    const auto take = [&](std::string_view type, bool good, std::string_view good_reason) {
        if (const auto* c = l.conditions.find(type)) {
            all.set(c->type, c->status, c->reason, c->message);
        } else {
            all.set(type, good, good_reason, "");
        }
    };
    take("Accepted", true, "Accepted");
    take("Conflicted", false, "NoConflicts");
    take("ResolvedRefs", true, "ResolvedRefs");
    if (!g.from->meta.valid && all.find("Accepted")->status)
        all.set("Accepted", false, "Pending", "the Gateway has errors");
    if (!l.usable() || !g.accepted) {
        all.set("Programmed", false, "Invalid", "the listener is not served");
    } else if (state.found.has_errors()) {
        all.set("Programmed", false, "Pending", not_in_force);
    } else {
        take("Programmed", true, "Programmed");
    }
    if (const auto* c = l.conditions.find("OverlappingTLSConfig"))
        all.set(c->type, c->status, c->reason, c->message);
    return all;
}

bool has_class_with_errors(const resolve_state& state, const gateway_state& g) {
    const auto& classes = state.in.gateway_classes;
    return std::any_of(classes.begin(), classes.end(), [&](const auto& c) {
        return c.meta.name.value == g.from->class_name.value && !c.meta.valid;
    });
}

condition_list complete(const resolve_state& state, const gateway_state& g) {
    std::size_t usable = 0;
    bool resolved = true;
    bool served = false;
    bool ports_taken = !g.listeners.empty();
    for (const auto& l : g.listeners) {
        usable += l.usable() ? 1U : 0U;
        resolved = resolved && l.resolved;
        served = served || !l.served.empty();
        const auto* accepted = l.conditions.find("Accepted");
        ports_taken = ports_taken && accepted != nullptr && accepted->reason == "PortUnavailable";
    }
    condition_list all;
    if (const auto* c = g.conditions.find("Accepted")) {
        all.set(c->type, c->status, c->reason, c->message);
    } else if (!g.from->meta.valid) {
        all.set("Accepted", false, "Invalid", "the Gateway has errors");
    } else if (has_class_with_errors(state, g)) {
        all.set("Accepted", false, "Pending", "its GatewayClass has errors");
    } else if (usable == g.listeners.size()) {
        all.set("Accepted", true, "Accepted", "");
    } else {
        all.set("Accepted", usable != 0, "ListenersNotValid",
                std::to_string(g.listeners.size() - usable) + " of " +
                    std::to_string(g.listeners.size()) + " listeners are not served");
    }
    if (const auto* c = g.conditions.find("Programmed")) {
        all.set(c->type, c->status, c->reason, c->message);
    } else if (ports_taken) {
        all.set("Programmed", false, "NoResources", "no port is left for its listeners");
    } else if (!served) {
        all.set("Programmed", false, "Invalid", "no listener is served");
    } else if (state.found.has_errors()) {
        all.set("Programmed", false, "Pending", not_in_force);
    } else {
        all.set("Programmed", true, "Programmed", "");
    }
    if (const auto* c = g.conditions.find("ResolvedRefs")) {
        all.set(c->type, c->status, c->reason, c->message);
    } else if (resolved) {
        all.set("ResolvedRefs", true, "ResolvedRefs", "");
    } else {
        all.set("ResolvedRefs", false, "ListenersNotResolved",
                "a listener has references that do not resolve");
    }
    return all;
}

resource_status gateway_status(const resolve_state& state, const gateway_state& g) {
    auto status = status_of(g.from->meta);
    status.shape = status_shape::gateway;
    status.conditions = complete(state, g);
    status.addresses = g.addresses;
    status.listeners.reserve(g.listeners.size());
    for (const auto& l : g.listeners) {
        const bool http = l.protocol == "HTTP" || l.protocol == "HTTPS";
        status.listeners.push_back(
            {l.name, l.takes_http_routes && http, l.attached, complete(state, g, l)});
    }
    return status;
}

// --- HTTPRoute and InferencePool
// -------------------------------------------------------------------

resource_status route_status(route_state& route) {
    auto status = status_of(route.from->meta);
    status.shape = status_shape::parents;
    status.parents.reserve(route.parents.size());
    for (auto& parent : route.parents) {
        const auto& ref = parent.spec->ref;
        const auto& section = parent.spec->section_name;
        status.parents.push_back(
            {ref.group.value, ref.kind.value,
             ref.name_space ? ref.name_space->value : route.from->meta.name_space.value,
             ref.name.value, section ? section->value : std::string(),
             ref.port ? ref.port->value : std::uint16_t{0}, std::move(parent.conditions)});
    }
    return status;
}

/// For each pool, the Gateways through which routes reach it, and whether one of these routes is
/// accepted there.
using pool_parents = std::vector<std::map<std::uint32_t, bool>>;

pool_parents parents_of_pools(const resolve_state& state) {
    pool_parents parents(state.pools.size());
    for (const auto& route : state.routes) {
        for (const auto pool : route.pools) {
            for (const auto& parent : route.parents) {
                if (parent.gateway < 0) continue;
                auto& accepted = parents[pool][static_cast<std::uint32_t>(parent.gateway)];
                accepted = accepted || parent.accepted;
            }
        }
    }
    return parents;
}

condition_list pool_conditions(const pool_state& pool, bool route_accepted) {
    condition_list conditions;
    if (route_accepted) {
        conditions.set("Accepted", true, "Accepted", "");
    } else {
        conditions.set("Accepted", false, "HTTPRouteNotAccepted",
                       "no HTTPRoute that leads here is accepted");
    }
    if (pool.picker_service_absent) {
        conditions.set("ResolvedRefs", false, "InvalidExtensionRef",
                       "endpoint picker \"" + pool.from->picker_ref->ref.name.value +
                           "\" is in no file; the built-in picker serves the pool");
    } else {
        conditions.set("ResolvedRefs", true, "ResolvedRefs", "");
    }
    return conditions;
}

resource_status pool_status(const resolve_state& state, const pool_state& pool,
                            const std::map<std::uint32_t, bool>& parents) {
    auto status = status_of(pool.from->meta);
    status.shape = status_shape::parents;
    for (const auto& [index, accepted] : parents) {
        const auto& g = state.gateways[index];
        status.parents.push_back({std::string(gateway_group),
                                  "Gateway",
                                  g.name_space,
                                  g.name,
                                  {},
                                  0,
                                  pool_conditions(pool, accepted)});
    }
    return status;
}

resource_status class_status(const gateway_class_resource& c) {
    auto status = status_of(c.meta);
    status.conditions.set("Accepted", true, "Accepted", "any class is served");
    return status;
}

}  // namespace

void report_statuses(resolve_state& state) {
    auto& out = state.out.statuses;
    out.reserve(state.in.gateway_classes.size() + state.gateways.size() + state.routes.size() +
                state.pools.size() + state.statuses.size());
    for (const auto& c : state.in.gateway_classes) out.push_back(class_status(c));
    for (const auto& g : state.gateways) {
        if (g.from != nullptr) out.push_back(gateway_status(state, g));
    }
    for (auto& r : state.routes) out.push_back(route_status(r));
    const auto parents = parents_of_pools(state);
    for (std::size_t i = 0; i < state.pools.size(); ++i) {
        if (state.pools[i].from != nullptr)
            out.push_back(pool_status(state, state.pools[i], parents[i]));
    }
    for (auto& s : state.statuses) out.push_back(std::move(s));
    state.statuses.clear();
}

}  // namespace weir::config
