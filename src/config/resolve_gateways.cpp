#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "config/certificate_check.hpp"
#include "config/grammar.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_conflicts.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

/// The first address of a name, or empty. Blocks on the resolver; control thread only.
std::string look_up(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
    std::array<char, NI_MAXHOST> written{};
    const int rc = getnameinfo(list->ai_addr, list->ai_addrlen, written.data(), written.size(),
                               nullptr, 0, NI_NUMERICHOST);
    freeaddrinfo(list);
    return rc == 0 ? std::string(written.data()) : std::string();
}

std::uint16_t bound_port(const load_options& options, std::uint16_t port) {
    for (const auto& [from, to] : options.port_map) {
        if (from == port) return to;
    }
    return port;
}

class gateway_builder {
  public:
    gateway_builder(resolve_state& state, gateway_state& gateway)
        : state_(state), gateway_(gateway) {}

    void build() {
        take_addresses();
        take_parameters();
        take_client_certificate();
        for (const auto& spec : gateway_.from->listeners) add_listener(spec);
    }

  private:
    void take_addresses() {
        const auto& specs = gateway_.from->addresses;
        if (specs.empty()) gateway_.addresses.push_back(state_.options.bind);
        for (const auto& a : specs) take_address(a);
        if (!gateway_.addresses.empty() || !gateway_.accepted) return;
        gateway_.programmed = false;
    }

    void take_address(const gateway_address_spec& a) {
        const bool ip = a.type.value == "IPAddress";
        if (!ip && a.type.value != "Hostname") {
            gateway_.accepted = false;
            gateway_.conditions.set("Accepted", false, "UnsupportedAddress",
                                    "address type \"" + a.type.value + "\" is not supported");
            const bool legal =
                a.type.value == "NamedAddress" || a.type.value.find('/') != std::string::npos;
            if (legal) {  // anything else is an error of the schema
                report_address(a.type.at, "address type \"" + a.type.value + "\" is not supported",
                               "use IPAddress or Hostname");
            }
            return;
        }
        if (a.value.value.empty()) {
            if (ip) return add_address(state_.options.bind);
            unusable("AddressNotAssigned", "there is no hostname to assign", a.at);
            return;
        }
        auto address = a.value.value;
        const bool refused =
            ip ? !is_ip_literal(address) : hostname_problem(address, false).has_value();
        if (refused) {  // by the schema, which has said so
            gateway_.conditions.set(
                "Programmed", false, "AddressNotUsable",
                "\"" + a.value.value + "\" is no " + (ip ? "IP address" : "hostname"));
            return;
        }
        if (!ip) address = address == "localhost" ? "127.0.0.1" : look_up(address);
        if (is_ip_literal(address)) return add_address(address);
        unusable("AddressNotUsable", "\"" + a.value.value + "\" does not resolve", a.value.at);
    }

    void add_address(const std::string& address) {
        auto& all = gateway_.addresses;
        if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
    }

    void unusable(std::string_view reason, const std::string& why, const span& at) {
        gateway_.conditions.set("Programmed", false, reason, why);
        report_address(at, why, "name an address of this machine, such as 127.0.0.2");
    }

    void report_address(const span& at, const std::string& why, std::string_view help) {
        auto& f = state_.found.warning(codes::bad_gateway_address, why, at);
        f.help = help;
        f.note = "Gateway " + gateway_.id() + " does not listen there: connection refused";
    }

    /// Nothing of it is read; but one that does not resolve makes a Gateway invalid everywhere.
    void take_parameters() {
        if (!gateway_.from->parameters_ref) return;
        const auto& ref = *gateway_.from->parameters_ref;
        const bool map = ref.group.value.empty() && ref.kind.value == "ConfigMap";
        if (map && find_config_map(gateway_.name_space + "/" + ref.name.value) != nullptr) return;
        const auto why = map ? "ConfigMap " + gateway_.name_space + "/" + ref.name.value +
                                   " of parametersRef is in no file"
                             : "parametersRef to a " + ref.kind.value + " is not supported";
        gateway_.accepted = false;
        gateway_.conditions.set("Accepted", false, "InvalidParameters", why);
        auto& f =
            state_.found.warning(codes::bad_parameters_ref, why, map ? ref.name.at : ref.kind.at);
        f.help = "remove infrastructure.parametersRef: weir has no parameters";
        f.note = "Gateway " + gateway_.id() + " is not served: connection refused";
    }

    /// weir speaks plain HTTP to endpoints and shows no certificate; what is named must still be
    /// there.
    void take_client_certificate() {
        if (!gateway_.from->client_certificate) return;
        const auto& ref = *gateway_.from->client_certificate;
        const auto name_space = ref.name_space ? ref.name_space->value : gateway_.name_space;
        const auto id = name_space + "/" + ref.name.value;
        const auto refuse = [&](std::string_view reason, const std::string& why,
                                std::string_view help) {
            gateway_.conditions.set("ResolvedRefs", false, reason, why);
            state_.found.warning(codes::bad_certificate, why, ref.name.at).help = help;
        };
        const grant_from from{gateway_group, "Gateway", gateway_.name_space};
        const grant_to to{"", "Secret", name_space, ref.name.value};
        if (!ref.group.value.empty() || ref.kind.value != "Secret") {
            refuse("InvalidClientCertificateRef", "a client certificate is a Secret",
                   "refer to a Secret");
        } else if (!state_.grants.allows(from, to)) {
            refuse("RefNotPermitted", "no ReferenceGrant allows Secret " + id,
                   grant_example(from, to));
        } else if (!state_.secrets.contains(id)) {
            refuse("InvalidClientCertificateRef", "Secret " + id + " is in no file",
                   "add the Secret, or correct the name");
        }
    }

    const config_map_resource* find_config_map(const std::string& id) const {
        const auto found = state_.config_maps.find(id);
        return found == state_.config_maps.end() ? nullptr : found->second;
    }

    const client_validation_spec* clients_of(const listener_spec& spec) const {
        for (const auto& [port, clients] : gateway_.from->clients_by_port) {
            if (port == spec.port.value) return &clients;
        }
        if (spec.tls && spec.tls->clients) return &*spec.tls->clients;
        return gateway_.from->clients ? &*gateway_.from->clients : nullptr;
    }

    /// Whether a reference leads to a CA certificate; says why where it does not.
    bool resolve_ca(listener_state& l, const object_ref& ref) {
        const auto name_space = ref.name_space ? ref.name_space->value : gateway_.name_space;
        const auto id = name_space + "/" + ref.name.value;
        const auto refuse = [&](std::string_view reason, const std::string& why, const span& at) {
            l.resolved = false;
            l.conditions.set("ResolvedRefs", false, reason, why);
            state_.found.warning(codes::client_certificates, why, at).note =
                "listener " + gateway_.id() + "/" + l.name + " is not served";
            return false;
        };
        if (!ref.group.value.empty() || ref.kind.value != "ConfigMap") {
            return refuse("InvalidCACertificateKind",
                          "a CA certificate stands in a ConfigMap, not in a " + ref.kind.value,
                          ref.kind.at);
        }
        const grant_from from{gateway_group, "Gateway", gateway_.name_space};
        const grant_to to{"", "ConfigMap", name_space, ref.name.value};
        if (!state_.grants.allows(from, to)) {
            return refuse("RefNotPermitted", "no ReferenceGrant allows ConfigMap " + id,
                          ref.name.at);
        }
        const auto* map = find_config_map(id);
        const bool has_ca =
            map != nullptr && std::any_of(map->data.begin(), map->data.end(), [](const auto& e) {
                return e.key.value == "ca.crt" &&
                       e.value.value.find("-----BEGIN CERTIFICATE-----") != std::string::npos;
            });
        if (has_ca) return true;
        return refuse("InvalidCACertificateRef",
                      "ConfigMap " + id +
                          (map == nullptr ? " is in no file" : " has no PEM certificate as ca.crt"),
                      ref.name.at);
    }

    /// Clients that cannot be checked are not let in: the listener is not served.
    void check_clients(listener_state& l, const listener_spec& spec) {
        const auto* clients = clients_of(spec);
        if (clients == nullptr) return;
        std::size_t valid = 0;
        for (const auto& ref : clients->ca_refs) valid += resolve_ca(l, ref) ? 1U : 0U;
        l.accepted = false;
        if (valid == 0) {
            l.conditions.set("Accepted", false, "NoValidCACertificate",
                             "no CA certificate of its clients resolves");
            return;
        }
        const std::string why = "weir does not check certificates of clients";
        l.conditions.set("Accepted", false, "UnsupportedValue", why);
        auto& f = state_.found.warning(codes::client_certificates, why, clients->at);
        f.help = "remove it, or let a proxy in front of weir check them";
        f.note = "listener " + gateway_.id() + "/" + l.name + " is not served";
    }

    void add_listener(const listener_spec& spec) {
        auto& l = gateway_.listeners.emplace_back();
        l.spec = &spec;
        l.name = spec.name.value;
        l.hostname = spec.hostname ? spec.hostname->value : std::string();
        l.protocol = spec.protocol.value;
        l.port = spec.port.value;
        l.bind_port = bound_port(state_.options, l.port);
        l.at = spec.at;
        check_protocol(l, spec);
        check_kinds(l, spec);
        if (!l.accepted || l.protocol != "HTTPS") return;
        take_certificates(l, spec);
        check_clients(l, spec);
    }

    void check_protocol(listener_state& l, const listener_spec& spec) {
        if (l.protocol == "HTTP") return;
        if (l.protocol.empty()) {  // an error of the schema
            l.accepted = false;
            return;
        }
        if (l.protocol != "HTTPS") {
            l.accepted = false;
            l.conditions.set("Accepted", false, "UnsupportedProtocol",
                             "protocol " + l.protocol + " is not supported; HTTP and HTTPS are");
            auto& f = state_.found.warning(codes::unsupported_protocol,
                                           "listener protocol " + l.protocol + " is not supported",
                                           spec.protocol.at);
            f.allowed = {"HTTP", "HTTPS"};
            f.note = "nothing listens on port " + std::to_string(l.port) + " for this listener";
            return;
        }
        if (spec.tls && spec.tls->mode.value != "Terminate") {  // an error of the schema
            l.accepted = false;
            l.conditions.set("Accepted", false, "UnsupportedValue",
                             "an HTTPS listener terminates TLS");
        }
    }

    void check_kinds(listener_state& l, const listener_spec& spec) {
        if (!spec.allowed_routes.kinds_given && spec.allowed_routes.kinds.empty()) return;
        l.takes_http_routes = false;
        std::string wrong;
        for (const auto& kind : spec.allowed_routes.kinds) {
            if (kind.group.value == gateway_group && kind.kind.value == "HTTPRoute") {
                l.takes_http_routes = true;
                continue;
            }
            if (kind.kind.value.empty()) continue;  // an error of the schema
            wrong += (wrong.empty() ? "" : ", ") + kind.kind.value;
            auto& f = state_.found.warning(
                codes::invalid_route_kinds,
                "route kind " + kind.kind.value + " is not supported by this listener", kind.at);
            f.allowed = {"HTTPRoute"};
            f.note = "routes of this kind are not served: 404";
        }
        if (wrong.empty()) return;
        l.resolved = false;
        l.conditions.set("ResolvedRefs", false, "InvalidRouteKinds",
                         "unsupported route kinds: " + wrong);
    }

    void take_certificates(listener_state& l, const listener_spec& spec) {
        if (!spec.tls || spec.tls->certificate_refs.empty()) {
            const std::string why = "an HTTPS listener needs certificateRefs";
            if (!gateway_.from->meta.valid)  // most likely for that, and it has been said
                return leave_without_certificate(l, "InvalidCertificateRef", why);
            return refuse_certificate(
                l, "InvalidCertificateRef", why, spec.at,
                "add tls.certificateRefs with the name of a Secret of type kubernetes.io/tls");
        }
        for (const auto& ref : spec.tls->certificate_refs) take_certificate(l, ref);
    }

    void take_certificate(listener_state& l, const object_ref& ref) {
        const auto name_space = ref.name_space ? ref.name_space->value : gateway_.name_space;
        const auto id = name_space + "/" + ref.name.value;
        if (!ref.group.value.empty() || ref.kind.value != "Secret") {
            return refuse_certificate(l, "InvalidCertificateRef",
                                      "a certificate is a Secret, not a " + ref.kind.value,
                                      ref.kind.at, "refer to a Secret");
        }
        const grant_from from{gateway_group, "Gateway", gateway_.name_space};
        const grant_to to{"", "Secret", name_space, ref.name.value};
        if (!state_.grants.allows(from, to)) {
            return refuse_certificate(l, "RefNotPermitted", "no ReferenceGrant allows Secret " + id,
                                      ref.at, grant_example(from, to));
        }
        const auto found = state_.secrets.find(id);
        if (found == state_.secrets.end()) {
            return refuse_certificate(l, "InvalidCertificateRef", "Secret " + id + " is in no file",
                                      ref.name.at, "add the Secret, or correct the name");
        }
        certificate c{id, {}, {}};
        for (const auto& entry : found->second->data) {
            if (entry.key.value == "tls.crt") c.chain_pem = entry.value.value;
            if (entry.key.value == "tls.key") c.key_pem = entry.value.value;
        }
        if (const auto problem = certificate_problem(c.chain_pem, c.key_pem); !problem.empty()) {
            return refuse_certificate(l, "InvalidCertificateRef",
                                      "Secret " + id + " cannot be used: " + problem, ref.name.at,
                                      "make it with `kubectl create secret tls`");
        }
        l.certificate_names.push_back(id);
        l.certificates.push_back(std::move(c));
    }

    static void leave_without_certificate(listener_state& l, std::string_view reason,
                                          const std::string& why) {
        l.resolved = false;
        l.resolved_certificates = false;
        l.conditions.set("ResolvedRefs", false, reason, why);
    }

    void refuse_certificate(listener_state& l, std::string_view reason, const std::string& why,
                            const span& at, std::string_view help) {
        leave_without_certificate(l, reason, why);
        auto& f = state_.found.warning(codes::bad_certificate, why, at);
        f.help = help;
        f.note = "listener " + gateway_.id() + "/" + l.name + " is not served";
    }

    resolve_state& state_;
    gateway_state& gateway_;
};

void serve(resolve_state& state, const gateway_state& g, listener_state& l) {
    for (const auto& address : g.addresses) {
        listener served;
        served.gateway = g.id();
        served.name = l.name;
        served.bind_address = address;
        served.bind_port = l.bind_port;
        served.logical_port = l.port;
        served.protocol =
            l.protocol == "HTTPS" ? listener_protocol::https : listener_protocol::http;
        served.hostname = l.hostname;
        served.certificates = l.certificates;
        l.served.push_back(static_cast<std::uint32_t>(state.out.listeners.size()));
        state.out.listeners.push_back(std::move(served));
    }
}

/// The listener of Gateways that no file defines: plain HTTP on `--listen`, shared with whoever has
/// that socket.
void serve_made_up(resolve_state& state, gateway_state& g, listener_state& l) {
    const auto& all = state.out.listeners;
    const auto shared = std::find_if(all.begin(), all.end(), [&](const listener& other) {
        return other.bind_port == l.bind_port && other.hostname.empty() &&
               other.protocol == listener_protocol::http &&
               other.bind_address == g.addresses.front();
    });
    if (shared == all.end()) return serve(state, g, l);
    l.served.push_back(static_cast<std::uint32_t>(shared - all.begin()));
}

void make_up(resolve_state& state, const std::string& name_space, const object_ref& ref) {
    const auto id = name_space + "/" + ref.name.value;
    const auto [found, fresh] =
        state.gateway_index.try_emplace(id, static_cast<std::uint32_t>(state.gateways.size()));
    if (!fresh) return;
    auto& g = state.gateways.emplace_back();
    g.name_space = name_space;
    g.name = ref.name.value;
    const auto at = split_host_port(state.options.listen);
    g.addresses.push_back(at.host);
    auto& l = g.listeners.emplace_back();
    l.name = "http";
    l.protocol = "HTTP";
    l.port = l.bind_port = at.port;
    l.at = ref.at;
    auto& f =
        state.found.note(codes::gateway_made_up, "Gateway " + id + " is in no file", ref.name.at);
    f.help = "weir makes it up: one HTTP listener on " + state.options.listen + " (--listen)";
}

void make_up_missing(resolve_state& state) {
    for (const auto& route : state.in.http_routes) {
        for (const auto& parent : route.parents) {
            if (parent.ref.group.value != gateway_group || parent.ref.kind.value != "Gateway")
                continue;
            make_up(
                state,
                parent.ref.name_space ? parent.ref.name_space->value : route.meta.name_space.value,
                parent.ref);
        }
    }
}

}  // namespace

void resolve_gateways(resolve_state& state) {
    state.gateways.reserve(state.in.gateways.size());
    for (const auto& from : state.in.gateways) {
        const auto index = static_cast<std::uint32_t>(state.gateways.size());
        if (!state.gateway_index.try_emplace(from.meta.id(), index).second) continue;
        auto& g = state.gateways.emplace_back();
        g.from = &from;
        g.name_space = from.meta.name_space.value;
        g.name = from.meta.name.value;
        gateway_builder(state, g).build();
    }
    find_listener_conflicts(state);
    for (auto& g : state.gateways) {
        for (auto& l : g.listeners) {
            if (g.accepted && l.usable()) serve(state, g, l);
        }
    }
    const auto defined = state.gateways.size();
    make_up_missing(state);
    for (auto i = defined; i < state.gateways.size(); ++i) {
        auto& l = state.gateways[i].listeners.front();
        if (i == defined) {
            serve_made_up(state, state.gateways[i], l);
        } else {  // on the same `--listen` as the first
            l.served = state.gateways[defined].listeners.front().served;
        }
    }
}

}  // namespace weir::config
