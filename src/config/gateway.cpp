#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/parsers.hpp"

namespace weir::config {

namespace {

constexpr std::string_view gateway_group = "gateway.networking.k8s.io";
constexpr std::array<std::string_view, 5> protocols{"HTTP", "HTTPS", "TLS", "TCP", "UDP"};

/// One of the five, or an implementation's own; a word that is nearly one of the five is a mistake.
std::optional<text> read_protocol(const field& from) {
    auto s = from.string(1, 255);
    if (!s || std::find(protocols.begin(), protocols.end(), s->value) != protocols.end()) return s;
    const auto word_of = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const bool shaped = std::all_of(s->value.begin(), s->value.end(), [&](char c) {
        return word_of(c) || c == '-' || c == '.' || c == '/';
    });
    const auto meant = std::find_if(protocols.begin(), protocols.end(),
                                    [&](auto p) { return iequals(p, s->value); });
    std::string_view suggestion = meant == protocols.end() ? std::string_view{} : *meant;
    if (suggestion.empty() && s->value.size() > 3) suggestion = nearest(s->value, protocols);
    if (shaped && suggestion.empty()) return s;
    auto& f = from.error("WEIR0207",
                         "must be one of HTTP, HTTPS, TLS, TCP, UDP, found \"" + s->value + "\"");
    f.suggestion = suggestion;
    f.allowed.assign(protocols.begin(), protocols.end());
    return std::nullopt;
}

std::optional<client_validation_spec> read_clients(const field& from) {
    const object o(from, {"caCertificateRefs", "mode"});
    if (!o) return std::nullopt;
    client_validation_spec out;
    out.at = from.at();
    o["mode"].choice({"AllowValidOnly", "AllowInsecureFallback"});
    o.need("caCertificateRefs").items(1, 8, [&](const field& item) {
        const object ref(item, {"group", "kind", "name", "namespace"});
        if (ref) out.ca_refs.push_back(read_ref(ref, "", "ConfigMap"));
    });
    return out;
}

std::optional<listener_tls_spec> read_tls(const field& from) {
    const object o(from, {"mode", "certificateRefs", "frontendValidation", "options"});
    if (!o) return std::nullopt;
    listener_tls_spec out;
    out.at = from.at();
    out.mode = or_default(o["mode"].choice({"Terminate", "Passthrough"}), "Terminate", from.at());
    o["certificateRefs"].items(0, 64, [&](const field& item) {
        const object ref(item, {"group", "kind", "name", "namespace"});
        if (ref) out.certificate_refs.push_back(read_ref(ref, "", "Secret"));
    });
    out.clients = read_clients(o["frontendValidation"]);
    if (out.mode.value == "Terminate" && out.certificate_refs.empty() && !o.has("options")) {
        o.error("WEIR0212", "certificateRefs or options must be specified when mode is Terminate")
            .help = "name the Secret with tls.crt and tls.key under certificateRefs";
    }
    return out;
}

void check_protocol(const object& o, const listener_spec& l) {
    const auto& protocol = l.protocol.value;
    const bool plain = protocol == "HTTP" || protocol == "TCP" || protocol == "UDP";
    if (plain && o.has("tls")) {
        o.reports()
            .error(
                "WEIR0212",
                o.path().str() + ": tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']",
                o.key_at("tls"))
            .help = "use protocol HTTPS, or remove tls";
    }
    if (protocol == "HTTPS" && l.tls && l.tls->mode.value != "Terminate") {
        o.reports().error("WEIR0212",
                          o.path().str() + ": tls mode must be Terminate for protocol HTTPS",
                          l.tls->mode.at);
    }
    if ((protocol == "HTTPS" || protocol == "TLS") && !o.has("tls")) {
        o.reports()
            .error("WEIR0212", o.path().str() + ": tls must be specified for protocol " + protocol,
                   l.protocol.at)
            .help = "add tls with certificateRefs to a Secret that has tls.crt and tls.key";
    }
    if ((protocol == "TCP" || protocol == "UDP") && l.hostname && !l.hostname->value.empty()) {
        o.reports().error(
            "WEIR0212",
            o.path().str() + ": hostname must not be specified for protocols ['TCP', 'UDP']",
            l.hostname->at);
    }
}

void read_namespaces(const field& from, allowed_routes_spec& out) {
    const object o(from, {"from", "selector"});
    if (!o) return;
    const auto word = o["from"].choice({"Same", "All", "Selector", "None"});
    if (word) {
        out.from.at = word->at;
        out.from.value = word->value == "All"        ? namespaces_from::all
                         : word->value == "Selector" ? namespaces_from::selector
                         : word->value == "None"     ? namespaces_from::none
                                                     : namespaces_from::same;
    }
    if (o.has("selector")) out.selector = read_selector(o["selector"]);
    if (out.from.value == namespaces_from::selector && !o.has("selector")) {
        o.reports().error("WEIR0212",
                          o.path().str() + ": selector must be specified when from is Selector",
                          out.from.at);
    }
    const bool ignored = o.has("selector") && word && out.from.value != namespaces_from::selector;
    if (ignored || (o.has("selector") && !o.has("from"))) {
        o.reports()
            .warning("WEIR0226", o.path().str() + ".selector has no effect unless from is Selector",
                     o.key_at("selector"))
            .help = "write `from: Selector`";
    }
}

allowed_routes_spec read_allowed_routes(const field& from) {
    allowed_routes_spec out;
    out.at = from.at();
    out.from.at = from.at();
    const object o(from, {"namespaces", "kinds"});
    if (!o) return out;
    read_namespaces(o["namespaces"], out);
    o["kinds"].items(0, 8, [&](const field& item) {
        const object k(item, {"group", "kind"});
        if (!k) return;
        route_kind_spec kind;
        kind.group = or_default(read_group(k["group"]), gateway_group, item.at());
        kind.kind = or_default(read_kind(k.need("kind")), {}, item.at());
        kind.at = kind.kind.at;
        out.kinds.push_back(std::move(kind));
    });
    out.kinds_given = !out.kinds.empty();
    return out;
}

listener_spec read_listener(const object& o) {
    listener_spec out;
    out.name = or_default(read_section(o.need("name")), {}, o.at());
    out.at = out.name.at;
    if (const auto port = o.need("port").port()) out.port = *port;
    out.protocol = or_default(read_protocol(o.need("protocol")), {}, o.at());
    const field hostname = o["hostname"];
    const bool any = hostname && hostname.value()->is_scalar() && hostname.value()->scalar.empty();
    if (!any) out.hostname = read_hostname(hostname, true);
    out.tls = read_tls(o["tls"]);
    out.allowed_routes = read_allowed_routes(o["allowedRoutes"]);
    check_protocol(o, out);
    return out;
}

gateway_address_spec read_address(const object& o) {
    gateway_address_spec out;
    out.at = o.at();
    out.type = or_default(o["type"].string(1, 253), "IPAddress", o.at());
    const field value = o["value"];
    out.value = or_default(value.string(0, 253), {}, o.at());
    if (!out.value.value.empty()) out.at = out.value.at;
    const auto known = {"IPAddress", "Hostname", "NamedAddress"};
    const bool own = out.type.value.find('/') != std::string::npos;
    if (!own && std::find(known.begin(), known.end(), out.type.value) == known.end()) {
        o["type"].choice({"IPAddress", "Hostname", "NamedAddress"});
    }
    if (out.value.value.empty()) return out;
    if (out.type.value == "IPAddress" && !is_ip_address(out.value.value)) {
        auto& f =
            value.error("WEIR0209", "must be an IP address, found \"" + out.value.value + "\"");
        f.help = "for a name write `type: Hostname`";
    }
    if (out.type.value == "Hostname") read_hostname(value, false);
    return out;
}

/// The last address may not stand in the list before.
void check_repeated_address(const std::vector<gateway_address_spec>& all, const object& o) {
    const auto& last = all.back();
    const bool again = std::any_of(all.begin(), all.end() - 1, [&](const auto& a) {
        return !a.value.value.empty() && a.type.value == last.type.value &&
               a.value.value == last.value.value;
    });
    if (again)
        o.reports().error("WEIR0211", last.type.value + " values must be unique", last.value.at);
}

std::optional<object_ref> read_client_certificate(const field& from) {
    const object o(from, {"clientCertificateRef"});
    if (!o || !o.has("clientCertificateRef")) return std::nullopt;
    const object ref(o["clientCertificateRef"], {"group", "kind", "name", "namespace"});
    return ref ? std::optional(read_ref(ref, "", "Secret")) : std::nullopt;
}

/// `tls.frontend`: how clients of all HTTPS listeners are checked, and of those of single ports.
void read_frontend(const field& from, gateway_resource& out) {
    const object frontend(from, {"default", "perPort"});
    const object otherwise(frontend["default"], {"validation"});
    out.clients = read_clients(otherwise["validation"]);
    frontend["perPort"].items(0, 64, [&](const field& item) {
        const object o(item, {"port", "tls"});
        if (!o) return;
        const auto port = o.need("port").port();
        const object tls(o.need("tls"), {"validation"});
        auto clients = read_clients(tls["validation"]);
        if (port && clients) out.clients_by_port.emplace_back(port->value, std::move(*clients));
    });
}

void read_infrastructure(const field& from, gateway_resource& out) {
    const object o(from, {"labels", "annotations", "parametersRef"});
    if (!o || !o.has("parametersRef")) return;
    const object ref(o["parametersRef"], {"group", "kind", "name"});
    if (!ref) return;
    ref.need("kind");
    out.parameters_ref = read_ref(ref, "", "");
}

}  // namespace

gateway_resource parse_gateway(const object& root) {
    gateway_resource out;
    const object spec(root.need("spec"),
                      {"gatewayClassName", "listeners", "addresses", "infrastructure", "backendTLS",
                       "tls", "allowedListeners", "defaultScope"});
    if (!spec) return out;
    const auto class_name = spec["gatewayClassName"].string(1, 253);
    out.class_name = or_default(class_name, {}, spec.at());
    if (!spec.is_written("gatewayClassName")) {
        spec.reports().warning("WEIR0204", "spec.gatewayClassName is missing", spec.at()).help =
            "weir takes any class, a cluster refuses a Gateway without one";
    }
    spec.need("listeners").items(1, 64, [&](const field& item) {
        const object o(item, {"name", "port", "protocol", "hostname", "tls", "allowedRoutes"});
        if (!o) return;
        auto listener = read_listener(o);
        const bool again =
            std::any_of(out.listeners.begin(), out.listeners.end(), [&](const auto& l) {
                return !l.name.value.empty() && l.name.value == listener.name.value;
            });
        if (again) {
            o.reports().error("WEIR0211",
                              "Listener name must be unique within the Gateway, \"" +
                                  listener.name.value + "\" appears twice",
                              listener.name.at);
        }
        out.listeners.push_back(std::move(listener));
    });
    read_infrastructure(spec["infrastructure"], out);
    const object tls(spec["tls"], {"backend", "frontend"});
    out.client_certificate =
        read_client_certificate(spec.has("backendTLS") ? spec["backendTLS"] : tls["backend"]);
    read_frontend(tls["frontend"], out);
    spec["addresses"].items(0, 16, [&](const field& item) {
        const object o(item, {"type", "value"});
        if (!o) return;
        out.addresses.push_back(read_address(o));
        check_repeated_address(out.addresses, o);
    });
    return out;
}

gateway_class_resource parse_gateway_class(const object& root) {
    gateway_class_resource out;
    const object spec(root["spec"], {"controllerName", "parametersRef", "description"});
    out.controller_name = or_default(spec["controllerName"].string(0, 253), {}, spec.at());
    return out;
}

}  // namespace weir::config
