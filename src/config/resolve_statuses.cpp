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

void write_listener(json_writer& json, const listener_state& l, const condition_list& conditions) {
    json.begin_object().field("name", l.name).key("supportedKinds").begin_array();
    const bool http = l.protocol == "HTTP" || l.protocol == "HTTPS";
    if (l.takes_http_routes && http) {
        json.begin_object().field("group", gateway_group).field("kind", "HTTPRoute").end_object();
    }
    json.end_array().field("attachedRoutes", l.attached);
    write_conditions(json, conditions);
    json.end_object();
}

resource_status gateway_status(const resolve_state& state, const gateway_state& g) {
    auto status = status_of(g.from->meta);
    const auto conditions = complete(state, g);
    append_conditions(status, "", conditions);
    json_writer json;
    json.begin_object().key("addresses").begin_array();
    for (const auto& address : g.addresses) {
        json.begin_object().field("type", "IPAddress").field("value", address).end_object();
    }
    json.end_array();
    write_conditions(json, conditions);
    json.key("listeners").begin_array();
    for (const auto& l : g.listeners) {
        const auto own = complete(state, g, l);
        append_conditions(status, l.name, own);
        write_listener(json, l, own);
    }
    json.end_array().end_object();
    status.status_json = json.take();
    return status;
}

// --- HTTPRoute and InferencePool
// -------------------------------------------------------------------

void write_parent_ref(json_writer& json, const parent_ref_spec& parent,
                      const std::string& name_space) {
    json.key("parentRef")
        .begin_object()
        .field("group", parent.ref.group.value)
        .field("kind", parent.ref.kind.value);
    json.field("namespace", name_space).field("name", parent.ref.name.value);
    if (parent.section_name) json.field("sectionName", parent.section_name->value);
    if (parent.ref.port) json.field("port", static_cast<unsigned>(parent.ref.port->value));
    json.end_object();
}

resource_status route_status(const route_state& route) {
    auto status = status_of(route.from->meta);
    json_writer json;
    json.begin_object().key("parents").begin_array();
    for (const auto& parent : route.parents) {
        const auto& ref = parent.spec->ref;
        const auto name_space =
            ref.name_space ? ref.name_space->value : route.from->meta.name_space.value;
        auto label = name_space + "/" + ref.name.value;
        if (parent.spec->section_name) label += "/" + parent.spec->section_name->value;
        append_conditions(status, label, parent.conditions);
        json.begin_object();
        write_parent_ref(json, *parent.spec, name_space);
        json.field("controllerName", controller_name);
        write_conditions(json, parent.conditions);
        json.end_object();
    }
    json.end_array().end_object();
    status.status_json = json.take();
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
    json_writer json;
    json.begin_object().key("parents").begin_array();
    for (const auto& [index, accepted] : parents) {
        const auto& g = state.gateways[index];
        const auto conditions = pool_conditions(pool, accepted);
        append_conditions(status, g.id(), conditions);
        json.begin_object().key("parentRef").begin_object();
        json.field("group", gateway_group)
            .field("kind", "Gateway")
            .field("namespace", g.name_space)
            .field("name", g.name);
        json.end_object().field("controllerName", controller_name);
        write_conditions(json, conditions);
        json.end_object();
    }
    json.end_array().end_object();
    status.status_json = json.take();
    return status;
}

resource_status class_status(const gateway_class_resource& c) {
    auto status = status_of(c.meta);
    condition_list conditions;
    conditions.set("Accepted", true, "Accepted", "any class is served");
    append_conditions(status, "", conditions);
    json_writer json;
    json.begin_object();
    write_conditions(json, conditions);
    json.end_object();
    status.status_json = json.take();
    return status;
}

}  // namespace

void report_statuses(resolve_state& state) {
    auto& out = state.out.statuses;
    for (const auto& c : state.in.gateway_classes) out.push_back(class_status(c));
    for (const auto& g : state.gateways) {
        if (g.from != nullptr) out.push_back(gateway_status(state, g));
    }
    for (const auto& r : state.routes) out.push_back(route_status(r));
    const auto parents = parents_of_pools(state);
    for (std::size_t i = 0; i < state.pools.size(); ++i) {
        if (state.pools[i].from != nullptr)
            out.push_back(pool_status(state, state.pools[i], parents[i]));
    }
    for (auto& s : state.statuses) out.push_back(std::move(s));
    state.statuses.clear();
}

}  // namespace weir::config
