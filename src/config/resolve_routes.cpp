#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/resolve_backends.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_hostnames.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

/// Labels of a namespace; one that no file defines has the label that every namespace has.
label_list labels_of(const resolve_state& state, const std::string& name_space) {
    const auto found = state.namespaces.find(name_space);
    if (found != state.namespaces.end()) return found->second->meta.labels;
    return {{"kubernetes.io/metadata.name", name_space}};
}

bool allows(const resolve_state& state, const gateway_state& g, const listener_state& l,
            const std::string& name_space) {
    if (!l.takes_http_routes) return false;
    if (l.spec == nullptr) return true;
    const auto& allowed = l.spec->allowed_routes;
    switch (allowed.from.value) {
        case namespaces_from::all:
            return true;
        case namespaces_from::same:
            return name_space == g.name_space;
        case namespaces_from::selector:
            return allowed.selector && matches(*allowed.selector, labels_of(state, name_space));
        case namespaces_from::none:
            return false;
    }
    return false;
}

class rule_builder {
  public:
    rule_builder(resolve_state& state, route_state& route) : state_(state), route_(route) {}

    route_rule build(const route_rule_spec& spec) {
        route_rule rule;
        if (spec.name) rule.name = spec.name->value;
        for (const auto& m : spec.matches) rule.matches.push_back(m.value);
        rule.filters = resolve_filters(state_, route_, spec.filters);
        for (const auto& b : spec.backends) {
            rule.backends.push_back({resolve_backend(state_, route_, b.ref), b.weight.value,
                                     resolve_filters(state_, route_, b.filters)});
        }
        if (spec.request_timeout) rule.request_timeout = spec.request_timeout->value;
        if (spec.backend_timeout) rule.backend_timeout = spec.backend_timeout->value;
        if (spec.retry) rule.retry = spec.retry->value;
        rule.at = spec.at;
        check(spec, rule);
        return rule;
    }

  private:
    void check(const route_rule_spec& spec, const route_rule& rule) {
        if (rule.filters.redirect) return;
        if (spec.backends_unread) return;
        if (rule.backends.empty()) {
            auto& f = state_.found.warning(codes::rule_without_backend,
                                           "this rule has no backendRefs", spec.at);
            f.help = "add a backendRef, or a RequestRedirect filter";
            f.note = "the client sees 500 for what this rule matches";
            return;
        }
        const bool any = std::any_of(rule.backends.begin(), rule.backends.end(),
                                     [](const auto& b) { return b.weight != 0; });
        if (any) return;
        auto& f = state_.found.warning(codes::zero_weights, "the weights of this rule are all 0",
                                       spec.backends.front().weight.at);
        f.help = "give at least one backendRef a weight of 1 or more";
        f.note = "the client sees 500 for what this rule matches";
    }

    resolve_state& state_;
    route_state& route_;
};

void build_route(resolve_state& state, const http_route_resource& from) {
    auto& into = state.out.routes.emplace_back();
    auto& working = state.routes.emplace_back();
    working.from = &from;
    into.name_space = from.meta.name_space.value;
    into.name = from.meta.name.value;
    into.created = from.meta.created;
    into.at = from.meta.at;
    into.rules.reserve(from.rules.size());
    std::size_t unsupported = 0;
    for (const auto& spec : from.rules) {
        into.rules.push_back(rule_builder(state, working).build(spec));
        unsupported += into.rules.back().filters.unsupported ? 1U : 0U;
    }
    working.all_rules_unsupported = unsupported != 0 && unsupported == from.rules.size();
}

/// Attaches one route to what one parentRef names, and says why where it cannot.
class attacher {
  public:
    attacher(resolve_state& state, std::uint32_t route, parent_state& parent)
        : state_(state),
          index_(route),
          route_(*state.routes[route].from),
          parent_(parent),
          ref_(parent.spec->ref),
          name_space_(ref_.name_space ? ref_.name_space->value : route_.meta.name_space.value) {
        for (const auto& h : route_.hostnames) hostnames_.push_back(h.value);
    }

    void attach() {
        if (ref_.group.value != gateway_group || ref_.kind.value != "Gateway")
            return not_a_gateway();
        parent_.gateway = state_.gateway_index.at(name_space_ + "/" + ref_.name.value);
        auto& g = state_.gateways[static_cast<std::size_t>(parent_.gateway)];
        bool named = false;
        bool allowed = false;
        for (auto& l : g.listeners) {
            if (!is_named(g, l)) continue;
            named = true;
            if (!allows(state_, g, l, route_.meta.name_space.value)) continue;
            allowed = true;
            auto shared = shared_hostnames(l.hostname, hostnames_);
            if (!shared) continue;
            parent_.accepted = true;
            if (refusal().empty() && l.last_attached != index_) ++l.attached;
            l.last_attached = index_;
            for (const auto served : l.served) {
                if (!attach_to(state_.out.listeners[served], *shared)) return;
            }
        }
        if (!named) return no_matching_parent(g);
        if (!allowed) return not_allowed(g);
        if (!parent_.accepted) return no_hostname(g);
        decide_accepted();
    }

  private:
    bool is_named(const gateway_state& g, const listener_state& l) const {
        if (g.from == nullptr) return true;
        if (parent_.spec->section_name && parent_.spec->section_name->value != l.name) return false;
        return !ref_.port || ref_.port->value == l.port;
    }

    /// False when the files attach more than weir holds, which has been reported.
    bool attach_to(listener& l, std::vector<std::string> hostnames) const {
        // Routes are attached one after the other: a second parentRef to the same listener meets
        // its own entry last.
        if (!l.routes.empty() && l.routes.back().route == index_) return true;
        if (!state_.attachments.take(1 + hostnames.size(), state_.found, route_.meta.at))
            return false;
        l.routes.push_back({index_, std::move(hostnames)});
        return true;
    }

    /// Why a route that could be attached is still not accepted; its rules answer 500.
    std::string_view refusal() const {
        const auto& working = state_.routes[index_];
        if (working.incompatible_filters) return "IncompatibleFilters";
        return working.all_rules_unsupported ? "UnsupportedValue" : "";
    }

    void decide_accepted() {
        const auto& working = state_.routes[index_];
        const auto why_not = refusal();
        const auto& g = state_.gateways[static_cast<std::size_t>(parent_.gateway)];
        if (why_not.empty() && !route_.meta.valid) {
            parent_.conditions.set("Accepted", false, "Pending", "the HTTPRoute has errors");
        } else if (why_not.empty() && g.from != nullptr && !g.from->meta.valid) {
            parent_.conditions.set("Accepted", false, "Pending", "its Gateway has errors");
        } else if (why_not.empty()) {
            parent_.conditions.set("Accepted", true, "Accepted", "");
        } else {
            parent_.accepted = false;
            parent_.conditions.set(
                "Accepted", false, why_not,
                why_not == "IncompatibleFilters"
                    ? "URLRewrite and RequestRedirect exclude each other"
                    : "no rule is without an unsupported filter: " + working.unsupported.front());
        }
        if (!working.unsupported.empty() && !working.all_rules_unsupported) {
            parent_.conditions.set("PartiallyInvalid", true, "UnsupportedValue",
                                   "Dropped Rule: filter " + working.unsupported.front() +
                                       " is not supported; the rule answers 500");
        }
    }

    finding& refuse(std::string_view reason, std::string_view code, const std::string& why,
                    const span& at) {
        parent_.conditions.set("Accepted", false, reason, why);
        auto& f = state_.found.warning(code, why, at);
        f.note = "the client sees 404: HTTPRoute " + route_.meta.id() + " is not served there";
        return f;
    }

    void not_a_gateway() {
        const bool other_kind = ref_.kind.value != "Gateway";
        const auto& written = other_kind ? ref_.kind : ref_.group;
        const std::array<std::string_view, 1> known{other_kind ? "Gateway" : gateway_group};
        auto& f = refuse("NoMatchingParent", codes::no_matching_parent,
                         "a parent must be a Gateway of " + std::string(gateway_group) +
                             ", not of kind " + ref_.kind.value + " of " +
                             (ref_.group.value.empty() ? "the core group" : ref_.group.value),
                         written.at);
        f.suggestion = iequals(written.value, known[0]) ? known[0] : nearest(written.value, known);
        f.help = "refer to a Gateway; group and kind may be left out";
    }

    void no_matching_parent(const gateway_state& g) {
        if (g.listeners.empty()) {  // an error of the schema
            parent_.conditions.set("Accepted", false, "NoMatchingParent",
                                   "Gateway " + g.id() + " has no listener");
            return;
        }
        const auto* section = parent_.spec->section_name ? &*parent_.spec->section_name : nullptr;
        std::vector<std::string_view> names;
        const listener_state* of_another_port = nullptr;
        for (const auto& l : g.listeners) {
            names.push_back(l.name);
            if (section != nullptr && l.name == section->value) of_another_port = &l;
        }
        std::string wanted = section != nullptr ? " named \"" + section->value + "\"" : "";
        if (ref_.port)
            wanted += std::string(section != nullptr ? " and" : "") + " with port " +
                      std::to_string(ref_.port->value);
        auto at = ref_.port ? ref_.port->at : ref_.name.at;
        if (section != nullptr && of_another_port == nullptr) at = section->at;
        auto& f = refuse("NoMatchingParent", codes::no_matching_parent,
                         "Gateway " + g.id() + " has no listener" + wanted, at);
        for (const auto& l : g.listeners)
            f.allowed.push_back(l.name + " (port " + std::to_string(l.port) + ")");
        if (of_another_port != nullptr) {
            f.suggestion = std::to_string(of_another_port->port);
        } else if (section != nullptr) {
            f.suggestion = std::string(nearest(section->value, names));
        }
        f.help = "use the name or the port of one of the Gateway's listeners";
    }

    void not_allowed(const gateway_state& g) {
        const bool other_kinds = std::all_of(
            g.listeners.begin(), g.listeners.end(),
            [&](const listener_state& l) { return !is_named(g, l) || !l.takes_http_routes; });
        auto& f = refuse(
            "NotAllowedByListeners", codes::not_allowed_by_listeners,
            "the listeners of Gateway " + g.id() +
                (other_kinds ? std::string(" do not take HTTPRoutes")
                             : " do not allow routes of namespace " + route_.meta.name_space.value),
            ref_.name.at);
        if (other_kinds) {
            f.help = "add {kind: HTTPRoute} to allowedRoutes.kinds of a listener, or remove kinds";
            return;
        }
        f.help =
            "set allowedRoutes.namespaces.from of a listener to All or to a Selector that fits; "
            "the default is Same";
    }

    void no_hostname(const gateway_state& g) {
        std::string of_listeners;
        for (const auto& l : g.listeners) {
            if (is_named(g, l)) of_listeners += (of_listeners.empty() ? "" : ", ") + l.hostname;
        }
        auto& f = refuse("NoMatchingListenerHostname", codes::hostname_mismatch,
                         "no hostname of HTTPRoute " + route_.meta.id() +
                             " fits a listener of Gateway " + g.id(),
                         route_.hostnames.front().at);
        f.help = "the listeners have the hostnames: " + of_listeners;
    }

    resolve_state& state_;
    std::uint32_t index_;
    const http_route_resource& route_;
    parent_state& parent_;
    const object_ref& ref_;
    std::string name_space_;
    std::vector<std::string> hostnames_;
};

void set_resolved(const route_state& route, parent_state& parent) {
    if (route.problems.empty()) {
        parent.conditions.set("ResolvedRefs", true, "ResolvedRefs", "");
        return;
    }
    parent.conditions.set("ResolvedRefs", false, route.problems.front().reason,
                          route.problems.front().message);
}

void report_no_parent(resolve_state& state, const http_route_resource& route) {
    auto& f =
        state.found.warning(codes::route_without_parent,
                            "HTTPRoute " + route.meta.id() + " has no parentRefs", route.meta.at);
    f.help = "add parentRefs with the name of a Gateway; weir makes one up on " +
             state.options.listen + " when no file defines it";
    f.note = "the client sees 404";
}

}  // namespace

void resolve_routes(resolve_state& state) {
    state.out.routes.reserve(state.in.http_routes.size() + 1);
    state.routes.reserve(state.in.http_routes.size() + 1);
    for (const auto& from : state.in.http_routes) build_route(state, from);
    for (std::uint32_t i = 0; i < state.routes.size(); ++i) {
        auto& route = state.routes[i];
        if (route.from->parents.empty() && !route.from->parents_unread)
            report_no_parent(state, *route.from);
        route.parents.resize(route.from->parents.size());
        for (std::size_t p = 0; p < route.parents.size(); ++p) {
            route.parents[p].spec = &route.from->parents[p];
            attacher(state, i, route.parents[p]).attach();
            set_resolved(route, route.parents[p]);
        }
    }
}

}  // namespace weir::config
