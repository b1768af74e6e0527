#include "config/resolve_backends.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_services.hpp"

namespace weir::config {
namespace {

constexpr std::string_view symptom_500 =
    "the client sees 500 `fault filter abort` for this share of the traffic";
constexpr std::string_view symptom_of_mirror =
    "requests are served as usual, and not mirrored there";

bool is_pool_ref(const object_ref& ref) {
    return ref.kind.value == "InferencePool" &&
           (ref.group.value == pool_group_v1 || ref.group.value == pool_group_alpha);
}

bool is_service_ref(const object_ref& ref) {
    return ref.group.value.empty() && ref.kind.value == "Service";
}

/// Letter case counts in kinds, but not in how a misspelt one is recognised.
std::string_view nearest_kind(std::string_view kind) {
    constexpr std::array<std::string_view, 2> known{"Service", "InferencePool"};
    for (const auto k : known) {
        if (iequals(k, kind)) return k;
    }
    return nearest(kind, known);
}

class backend_resolver {
  public:
    backend_resolver(resolve_state& state, route_state& route, const object_ref& ref,
                     reference_use use)
        : symptom_(use == reference_use::mirror ? symptom_of_mirror : symptom_500),
          state_(state),
          route_(route),
          ref_(ref),
          name_space_(ref.name_space ? ref.name_space->value : route.from->meta.name_space.value),
          id_(name_space_ + "/" + ref.name.value) {}

    backend_target resolve() {
        target_.name = id_;
        const bool whole = !ref_.unread && !ref_.name.value.empty() && !ref_.kind.value.empty();
        if (!whole) return target_;  // schema errors
        if (!is_pool_ref(ref_) && !is_service_ref(ref_)) {
            invalid_kind();
        } else if (!granted()) {
            return target_;
        } else if (is_pool_ref(ref_)) {
            follow_pool();
        } else {
            follow_service();
        }
        return target_;
    }

  private:
    finding& fail(std::string_view reason, std::string_view code, const std::string& message,
                  const span& at) {
        target_.kind = backend_kind::invalid;
        target_.reason = reason;
        route_.problems.push_back({reason, message});
        auto& f = state_.found.warning(code, message, at);
        f.note = symptom_;
        return f;
    }

    void invalid_kind() {
        const auto what =
            ref_.kind.value + " of " +
            (ref_.group.value.empty() ? std::string("the core group") : ref_.group.value);
        auto& f = fail("InvalidKind", codes::invalid_kind, "a backend cannot be of kind " + what,
                       ref_.kind.at);
        if (ref_.kind.value == "InferencePool") {
            f.help = "an InferencePool needs `group: " + std::string(pool_group_v1) + "` (or " +
                     std::string(pool_group_alpha) + " for v1alpha2)";
        } else {
            f.allowed = {"Service", "InferencePool"};
            f.suggestion = nearest_kind(ref_.kind.value);
            f.help = "refer to a Service or an InferencePool";
        }
    }

    bool granted() {
        const grant_from from{gateway_group, "HTTPRoute", route_.from->meta.name_space.value};
        const grant_to to{ref_.group.value, ref_.kind.value, name_space_, ref_.name.value};
        if (state_.grants.allows(from, to)) return true;
        auto& f = fail("RefNotPermitted", codes::missing_grant,
                       "no ReferenceGrant in namespace " + name_space_ +
                           " allows this reference to " + ref_.kind.value + " " + id_,
                       ref_.at);
        f.help = grant_example(from, to);
        return false;
    }

    void follow_pool() {
        if (const auto index = state_.find_pool(ref_.group.value, name_space_, ref_.name.value)) {
            const auto* from = state_.pools[*index].from;
            route_.pools.push_back(*index);
            if (from != nullptr && from->app_protocol.value == "kubernetes.io/h2c") {
                fail("UnsupportedProtocol", codes::unsupported_app_protocol,
                     "InferencePool " + id_ + " speaks kubernetes.io/h2c, which weir does not",
                     ref_.name.at)
                    .help = "set the pool's appProtocol to http: weir speaks HTTP/1.1 to endpoints";
                return;
            }
            target_.kind = backend_kind::pool;
            target_.index = *index;
            return;
        }
        if (state_.defined_pool(ref_.group.value, name_space_, ref_.name.value) != nullptr) {
            target_.reason = "BackendNotFound";  // --pool-name chose another one
            route_.problems.push_back(
                {"BackendNotFound", "InferencePool " + id_ + " is not the one of --pool-name"});
            return;
        }
        auto& f = fail("BackendNotFound", codes::missing_pool,
                       "no file defines InferencePool " + id_, ref_.name.at);
        if (!state_.found.keeps(ref_.name.at.file)) return;
        const auto& group = ref_.group.value == pool_group_v1 ? pool_group_alpha : pool_group_v1;
        const auto& pools = state_.in.pools;
        const auto elsewhere = std::find_if(pools.begin(), pools.end(), [&](const auto& p) {
            return p.meta.name.value == ref_.name.value && p.meta.name_space.value != name_space_;
        });
        if (state_.defined_pool(group, name_space_, ref_.name.value) != nullptr) {
            f.help = "the pool of this name has the group " + std::string(group) +
                     "; write that as `group`";
        } else if (elsewhere != pools.end()) {
            f.help = "there is one in namespace " + elsewhere->meta.name_space.value +
                     "; name it with `namespace` and add a ReferenceGrant there";
        } else {
            f.suggestion = nearest_name(state_.found, ref_.name, name_space_, pools);
            if (f.suggestion.empty()) f.help = "add the InferencePool, or correct the name";
        }
    }

    void follow_service() {
        const auto found = state_.services.find(id_);
        if (found == state_.services.end()) {
            auto& f = fail("BackendNotFound", codes::missing_service,
                           "no file defines Service " + id_, ref_.name.at);
            f.suggestion = nearest_name(state_.found, ref_.name, name_space_, state_.in.services);
            if (f.suggestion.empty()) f.help = "add the Service, or correct the name";
            return;
        }
        if (!ref_.port) {  // an error of the schema
            target_.reason = "BackendNotFound";
            route_.problems.push_back(
                {"BackendNotFound", "the reference to Service " + id_ + " has no port"});
            return;
        }
        const auto& service = *found->second;
        if (service.type.value == "ExternalName") {
            fail("BackendNotFound", codes::missing_service,
                 "Service " + id_ + " is of type ExternalName", ref_.name.at)
                .help = "refer to a Service with endpoints";
            return;
        }
        const auto port =
            std::find_if(service.ports.begin(), service.ports.end(), [&](const auto& p) {
                return p.port.value == ref_.port->value && p.protocol.value == "TCP";
            });
        if (port == service.ports.end()) return missing_port(service);
        if (!speaks_http1(*port)) return;
        target_.kind = backend_kind::service;
        target_.index = service_backend(state_, service, *port);
    }

    void missing_port(const service_resource& service) {
        auto& f = fail("BackendNotFound", codes::missing_service_port,
                       "Service " + id_ + " has no TCP port " + std::to_string(ref_.port->value),
                       ref_.port->at);
        for (const auto& p : service.ports) {
            if (p.protocol.value == "TCP") f.allowed.push_back(std::to_string(p.port.value));
        }
        if (f.allowed.size() == 1) f.suggestion = f.allowed.front();
        f.help = "use the Service's `port`, not its targetPort";
    }

    bool speaks_http1(const service_port_spec& port) {
        if (!port.app_protocol) return true;
        const auto& protocol = port.app_protocol->value;
        for (const auto* known : {"", "http", "HTTP", "http/1.1", "kubernetes.io/ws"}) {
            if (protocol == known) return true;
        }
        fail("UnsupportedProtocol", codes::unsupported_app_protocol,
             "Service " + id_ + " speaks " + protocol + " on port " +
                 std::to_string(port.port.value) + ", which weir does not",
             ref_.at)
            .help = "weir speaks HTTP/1.1 to endpoints";
        return false;
    }

    std::string_view symptom_;
    resolve_state& state_;
    route_state& route_;
    const object_ref& ref_;
    std::string name_space_;
    std::string id_;
    backend_target target_;
};

/// An unknown type was reported where it was read; here only what stands behind a known one.
void refuse_filter(resolve_state& state, route_state& route, const filter_spec& filter) {
    route.unsupported.push_back(filter.type_name.value);
    if (filter.type != filter_type::extension_ref) return;
    auto& f = state.found.warning(codes::unsupported_filter, "filter ExtensionRef is not supported",
                                  filter.type_name.at);
    f.help = "remove it, or use one of the Gateway API's own filters";
    f.note = "a filter is never skipped: the client sees 500 for what this rule matches";
}

}  // namespace

backend_target resolve_backend(resolve_state& state, route_state& route, const object_ref& ref,
                               reference_use use) {
    return backend_resolver(state, route, ref, use).resolve();
}

filter_set resolve_filters(resolve_state& state, route_state& route,
                           const std::vector<filter_spec>& specs) {
    filter_set set;
    const auto keep_first = [](auto& slot, const auto& value) {
        if (!slot) slot = value;
    };
    for (const auto& f : specs) {
        switch (f.type) {
            case filter_type::request_header_modifier:
                if (const auto* v = std::get_if<header_edit>(&f.value))
                    keep_first(set.request_headers, *v);
                break;
            case filter_type::response_header_modifier:
                if (const auto* v = std::get_if<header_edit>(&f.value))
                    keep_first(set.response_headers, *v);
                break;
            case filter_type::request_redirect:
                if (const auto* v = std::get_if<redirect_filter>(&f.value))
                    keep_first(set.redirect, *v);
                break;
            case filter_type::url_rewrite:
                if (const auto* v = std::get_if<rewrite_filter>(&f.value))
                    keep_first(set.rewrite, *v);
                break;
            case filter_type::cors:
                if (const auto* v = std::get_if<cors_filter>(&f.value)) keep_first(set.cors, *v);
                break;
            case filter_type::request_mirror:
                if (const auto* v = std::get_if<mirror_spec>(&f.value)) {
                    auto target = resolve_backend(state, route, v->ref, reference_use::mirror);
                    if (target.kind != backend_kind::invalid)
                        set.mirrors.push_back({std::move(target), v->fraction});
                }
                break;
            case filter_type::extension_ref:
            case filter_type::unsupported:
                set.unsupported = true;
                refuse_filter(state, route, f);
                break;
        }
    }
    if (set.redirect && set.rewrite) route.incompatible_filters = true;
    return set;
}

}  // namespace weir::config
