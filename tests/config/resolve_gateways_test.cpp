#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "gateway_texts.hpp"

using namespace weir::config;
using namespace weir::config::testing;

TEST_SUITE("config/resolve_gateways") {
    TEST_CASE("a complete set is accepted, programmed, resolved and without a finding") {
        const auto r = resolve_text(whole());
        CHECK(r.troubles() == "");
        CHECK(of_gateway(r, "Accepted") == "True Accepted");
        CHECK(of_gateway(r, "Programmed") == "True Programmed");
        CHECK(of_gateway(r, "ResolvedRefs") == "True ResolvedRefs");
        CHECK(of_listener(r, "http", "Accepted") == "True Accepted");
        CHECK(of_listener(r, "http", "Programmed") == "True Programmed");
        CHECK(of_listener(r, "http", "ResolvedRefs") == "True ResolvedRefs");
        CHECK(of_listener(r, "http", "Conflicted") == "False NoConflicts");
        REQUIRE(r.m->listeners.size() == 1);
        const auto& l = r.m->listeners[0];
        CHECK(l.gateway == "default/gw");
        CHECK(l.bind_address == "127.0.0.1");
        CHECK(l.bind_port == 80);
        CHECK(l.logical_port == 80);
        CHECK(l.routes.size() == 1);
    }
    TEST_CASE("the status is Kubernetes' own, with attached routes and supported kinds") {
        const auto json = resolve_text(whole()).status_of("Gateway", "gw");
        CHECK(json.find(R"("addresses":[{"type":"IPAddress","value":"127.0.0.1"}])") != json.npos);
        CHECK(
            json.find(
                R"("listeners":[{"name":"http","supportedKinds":[{"group":"gateway.networking.k8s.io",)"
                R"("kind":"HTTPRoute"}],"attachedRoutes":1,"conditions":[{"type":"Accepted","status":"True")") !=
            json.npos);
    }
    TEST_CASE("--port-map moves the socket and keeps the logical port, --bind moves the address") {
        load_options options;
        options.port_map = {{80, 18080}};
        options.bind = "127.0.0.9";
        const auto r = resolve_text(whole(), options);
        REQUIRE(r.m->listeners.size() == 1);
        CHECK(r.m->listeners[0].bind_address == "127.0.0.9");
        CHECK(r.m->listeners[0].bind_port == 18080);
        CHECK(r.m->listeners[0].logical_port == 80);
    }
    TEST_CASE(
        "each address of a Gateway gets its listeners; localhost is a hostname that resolves") {
        const auto r = resolve_text(
            docs({gateway(http_listener(), "gw",
                          "  addresses:\n  - {value: 127.0.0.2}\n  - {type: IPAddress, value: "
                          "\"::1\"}\n  - {type: Hostname, value: localhost}\n"),
                  route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")}));
        REQUIRE(r.m->listeners.size() == 3);
        CHECK(r.m->listeners[0].bind_address == "127.0.0.2");
        CHECK(r.m->listeners[1].bind_address == "::1");
        CHECK(r.m->listeners[2].bind_address == "127.0.0.1");
        CHECK(r.m->listeners[2].routes.size() == 1);
        CHECK(r.troubles() == "");
    }
    TEST_CASE("an address of another type is unsupported") {
        const auto r = resolve_text(docs(
            {gateway(http_listener(), "gw", "  addresses: [{type: example.com/magic, value: x}]\n"),
             route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")}));
        CHECK(of_gateway(r, "Accepted") == "False UnsupportedAddress");
        CHECK(of_listener(r, "http", "Programmed") == "False Invalid");
        CHECK(r.m->listeners.empty());
        CHECK(r.times(codes::bad_gateway_address) == 1);
    }
    TEST_CASE("a name that does not resolve is not usable, no name is not assigned") {
        const auto with = [](const std::string& address) {
            return resolve_text(
                docs({gateway(http_listener(), "gw",
                              "  addresses: [{type: Hostname, value: " + address + "}]\n"),
                      route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")}));
        };
        CHECK(of_gateway(with("no-such-name.invalid"), "Programmed") == "False AddressNotUsable");
        CHECK(of_gateway(with("\"\""), "Programmed") == "False AddressNotAssigned");
    }
    TEST_CASE("unsupported protocols are refused, the rest is served") {
        const auto r = resolve_text(
            docs({gateway(http_listener() + "  - {name: tcp, port: 81, protocol: TCP}\n"),
                  route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")}));
        CHECK(of_listener(r, "tcp", "Accepted") == "False UnsupportedProtocol");
        CHECK(of_listener(r, "tcp", "Programmed") == "False Invalid");
        CHECK(of_listener(r, "http", "Accepted") == "True Accepted");
        CHECK(of_gateway(r, "Accepted") == "True ListenersNotValid");
        CHECK(r.m->listeners.size() == 1);
    }
    TEST_CASE("an HTTPS listener that would pass TLS through is refused") {
        const auto r = resolve_text(docs(
            {gateway("  - {name: tls, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}\n")}));
        CHECK(of_listener(r, "tls", "Accepted") == "False UnsupportedValue");
        CHECK(r.m->listeners.empty());
    }
    TEST_CASE("a Gateway whose listeners are all refused is not accepted") {
        const auto r = resolve_text(docs({gateway("  - {name: tcp, port: 81, protocol: TCP}\n")}));
        CHECK(of_gateway(r, "Accepted") == "False ListenersNotValid");
        CHECK(of_gateway(r, "Programmed") == "False Invalid");
        CHECK(r.m->listeners.empty());
    }
    TEST_CASE("a Gateway with a mistake of schema is invalid") {
        const auto r =
            resolve_text(docs({gateway("  - {name: http, port: 99999, protocol: HTTP}\n")}));
        CHECK(r.found.has_errors());
        CHECK(of_gateway(r, "Accepted") == "False Invalid");
    }
    TEST_CASE("an HTTPS listener takes its Secret") {
        const auto r = resolve_text(docs({gateway(https_listener("tls", "")), cert}));
        CHECK(of_listener(r, "tls", "ResolvedRefs") == "True ResolvedRefs");
        REQUIRE(r.m->listeners.size() == 1);
        CHECK(r.m->listeners[0].protocol == listener_protocol::https);
        REQUIRE(r.m->listeners[0].certificates.size() == 1);
        CHECK(r.m->listeners[0].certificates[0].name == "default/cert");
        CHECK(
            r.m->listeners[0].certificates[0].chain_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        CHECK(r.m->effective_json.find("PRIVATE KEY") == std::string::npos);
    }
    TEST_CASE(
        "a missing or empty Secret leaves the listener unserved, and it still counts routes") {
        for (const auto& secret :
             {std::string(),
              std::string("apiVersion: v1\nkind: Secret\nmetadata: {name: cert}\n")}) {
            CAPTURE(secret);
            const auto r = resolve_text(
                docs({gateway(https_listener("tls", "")), secret,
                      route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")}));
            CHECK(of_listener(r, "tls", "ResolvedRefs") == "False InvalidCertificateRef");
            CHECK(of_listener(r, "tls", "Programmed") == "False Invalid");
            CHECK(of_gateway(r, "ResolvedRefs") == "False ListenersNotResolved");
            CHECK(r.status_of("Gateway", "gw").find("\"attachedRoutes\":1") != std::string::npos);
            CHECK(r.m->listeners.empty());
        }
    }
    TEST_CASE("a Secret of another namespace needs a grant from Gateways") {
        const auto other = secret("name: cert, namespace: certs");
        const auto grant = [](const std::string& kind) {
            return "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: "
                   "{name: g, namespace: certs}\n"
                   "spec:\n  from: [{group: gateway.networking.k8s.io, kind: " +
                   kind +
                   ", namespace: default}]\n"
                   "  to: [{group: \"\", kind: Secret}]\n";
        };
        const auto gw = gateway(https_listener("tls", "", "name: cert, namespace: certs"));
        CHECK(of_listener(resolve_text(docs({gw, other})), "tls", "ResolvedRefs") ==
              "False RefNotPermitted");
        CHECK(of_listener(resolve_text(docs({gw, other, grant("HTTPRoute")})), "tls",
                          "ResolvedRefs") == "False RefNotPermitted");
        CHECK(of_listener(resolve_text(docs({gw, other, grant("Gateway")})), "tls",
                          "ResolvedRefs") == "True ResolvedRefs");
    }
    TEST_CASE("route kinds that are not supported are said so, the others go on") {
        const auto kinds = [](const std::string& list) {
            return resolve_text(
                docs({gateway(http_listener("http", "allowedRoutes: {kinds: [" + list + "]}")),
                      route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")}));
        };
        const auto both = kinds("{kind: GRPCRoute}, {kind: HTTPRoute}");
        CHECK(of_listener(both, "http", "ResolvedRefs") == "False InvalidRouteKinds");
        CHECK(both.m->listeners.at(0).routes.size() == 1);
        CHECK(both.status_of("Gateway", "gw").find("GRPCRoute\"}") == std::string::npos);
        const auto none = kinds("{kind: GRPCRoute}");
        CHECK(none.status_of("Gateway", "gw").find("\"supportedKinds\":[]") != std::string::npos);
        CHECK(none.condition_of("HTTPRoute", "r", "default/gw", "Accepted") ==
              "False NotAllowedByListeners");
    }
    TEST_CASE("a Gateway that no file defines is made up on --listen") {
        load_options options;
        options.listen = "127.0.0.1:9000";
        const auto r = resolve_text(
            docs({route_doc("r", parent("sectionName: anything") + to_pool()),
                  route_doc("s",
                            "  parentRefs: [{name: other}]\n  hostnames: [a.com]\n" + to_pool()),
                  pool_doc(), pod("a", "10.0.0.1")}),
            options);
        REQUIRE(r.m->listeners.size() == 1);
        const auto& l = r.m->listeners[0];
        CHECK(l.bind_address == "127.0.0.1");
        CHECK(l.bind_port == 9000);
        CHECK(l.logical_port == 9000);
        CHECK(l.routes.size() == 2);
        CHECK(r.condition_of("HTTPRoute", "r", "default/gw/anything", "Accepted") ==
              "True Accepted");
        CHECK(r.times(codes::gateway_made_up) == 2);
        CHECK(r.troubles() == "");
    }
    TEST_CASE("--listen may leave out the address or name localhost") {
        load_options options;
        options.listen = ":9000";
        const auto file =
            docs({route_doc("r", parent() + to_pool()), pool_doc(), pod("a", "10.0.0.1")});
        CHECK(resolve_text(file, options).m->listeners.at(0).bind_address == "0.0.0.0");
        options.listen = "localhost:9000";
        CHECK(resolve_text(file, options).m->listeners.at(0).bind_address == "127.0.0.1");
        options.listen = "[::1]:9000";
        CHECK(resolve_text(file, options).m->listeners.at(0).bind_address == "::1");
    }
    TEST_CASE("a GatewayClass is accepted whoever controls it") {
        const auto r =
            resolve_text(docs({"apiVersion: gateway.networking.k8s.io/v1\nkind: "
                               "GatewayClass\nmetadata: {name: weir}\n"
                               "spec: {controllerName: example.com/any}\n",
                               whole()}));
        CHECK(r.condition_of("GatewayClass", "weir", "", "Accepted") == "True Accepted");
        CHECK(r.troubles() == "");
    }
    TEST_CASE("a Gateway without routes is told, with the symptom") {
        const auto r = resolve_text(docs({gateway(http_listener())}));
        CHECK(r.times(codes::gateway_without_route) == 1);
        CHECK(r.first(codes::gateway_without_route).note == "the client sees 404 for everything");
    }
    TEST_CASE("parameters that do not resolve make a Gateway invalid, as they do in a cluster") {
        const auto with = [](const std::string& ref, const std::string& more = {}) {
            return resolve_text(docs({gateway(http_listener(), "gw",
                                              "  infrastructure: {parametersRef: {" + ref + "}}\n"),
                                      more}));
        };
        const std::string map =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\ndata: {a: b}\n";
        const std::string to_map = "group: \"\", kind: ConfigMap, name: p";
        CHECK(of_gateway(with(to_map, map), "Accepted") == "True Accepted");
        const auto missing = with(to_map);
        CHECK(of_gateway(missing, "Accepted") == "False InvalidParameters");
        CHECK(of_listener(missing, "http", "Programmed") == "False Invalid");
        CHECK(missing.m->listeners.empty());
        CHECK(missing.times(codes::bad_parameters_ref) == 1);
        CHECK(of_gateway(with("group: a.io, kind: Params, name: p"), "Accepted") ==
              "False InvalidParameters");
    }
    TEST_CASE("a client certificate towards backends has to be there") {
        const auto with = [](const std::string& ref, const std::string& more = cert) {
            return resolve_text(
                docs({gateway(http_listener(), "gw",
                              "  tls: {backend: {clientCertificateRef: {" + ref + "}}}\n"),
                      more}));
        };
        CHECK(of_gateway(with("name: cert"), "ResolvedRefs") == "True ResolvedRefs");
        CHECK(of_gateway(with("name: none"), "ResolvedRefs") ==
              "False InvalidClientCertificateRef");
        CHECK(of_gateway(with("kind: ConfigMap, name: cert"), "ResolvedRefs") ==
              "False InvalidClientCertificateRef");
        const auto elsewhere = with("name: cert, namespace: other");
        CHECK(of_gateway(elsewhere, "ResolvedRefs") == "False RefNotPermitted");
        CHECK(of_gateway(elsewhere, "Accepted") == "True Accepted");
    }
    TEST_CASE("a listener whose clients cannot be checked is not served") {
        const std::string ca =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca}\ndata:\n  ca.crt: |\n"
            "    -----BEGIN CERTIFICATE-----\n    AAAA\n    -----END CERTIFICATE-----\n";
        const auto with = [&](const std::string& refs) {
            return resolve_text(
                docs({gateway("  - name: s\n    port: 443\n    protocol: HTTPS\n    tls:\n"
                              "      certificateRefs: [{name: cert}]\n"
                              "      frontendValidation: {caCertificateRefs: [" +
                              refs + "]}\n"),
                      cert, ca}));
        };
        const auto told = [](const resolved& r) {
            return of_listener(r, "s", "Accepted") + ", " + of_listener(r, "s", "ResolvedRefs");
        };
        const auto good = with("{group: \"\", kind: ConfigMap, name: ca}");
        CHECK(told(good) == "False UnsupportedValue, True ResolvedRefs");
        CHECK(good.m->listeners.empty());
        CHECK(told(with("{name: none}")) ==
              "False NoValidCACertificate, False InvalidCACertificateRef");
        CHECK(told(with("{kind: Secret, name: ca}")) ==
              "False NoValidCACertificate, False InvalidCACertificateKind");
        CHECK(told(with("{name: ca, namespace: other}")) ==
              "False NoValidCACertificate, False RefNotPermitted");
        CHECK(told(with("{name: ca}, {name: none}")) ==
              "False UnsupportedValue, False InvalidCACertificateRef");
    }
    TEST_CASE("clients are checked by what stands at the Gateway, by port before by default") {
        const auto with = [](const std::string& frontend) {
            return resolve_text(docs(
                {gateway(https_listener("s", ""), "gw", "  tls: {frontend: {" + frontend + "}}\n"),
                 cert}));
        };
        const std::string refs = "{validation: {caCertificateRefs: [{name: none}]}}";
        CHECK(of_listener(with("default: " + refs), "s", "Accepted") ==
              "False NoValidCACertificate");
        CHECK(of_listener(with("perPort: [{port: 443, tls: " + refs + "}]"), "s", "Accepted") ==
              "False NoValidCACertificate");
        CHECK(of_listener(with("perPort: [{port: 8443, tls: " + refs + "}]"), "s", "Accepted") ==
              "True Accepted");
    }
    TEST_CASE("a Gateway whose ports all went to others has no resources") {
        load_options options;
        options.port_map = {{81, 80}};
        const auto r =
            resolve_files({docs({gateway(http_listener()),
                                 gateway("  - {name: a, port: 81, protocol: HTTP}\n", "gw2")})},
                          options);
        CHECK(of_listener(r, "a", "Accepted", "gw2") == "False PortUnavailable");
        CHECK(of_gateway(r, "Programmed", "gw2") == "False NoResources");
        CHECK(of_gateway(r, "Programmed") == "True Programmed");
    }
    TEST_CASE("while something is an error, what is right waits") {
        const auto pool_wrong =
            resolve_text(docs({gateway(http_listener()), route_doc("r", parent() + to_pool()),
                               pool_doc("pool", "  nonsense: 1\n"), pod("a", "10.0.0.1")}));
        CHECK(of_gateway(pool_wrong, "Accepted") == "True Accepted");
        CHECK(of_gateway(pool_wrong, "Programmed") == "False Pending");
        CHECK(of_listener(pool_wrong, "http", "Programmed") == "False Pending");
        const auto gateway_wrong = resolve_text(docs(
            {gateway(http_listener("http", "nonsense: 1")), route_doc("r", parent() + to_pool())}));
        CHECK(of_gateway(gateway_wrong, "Accepted") == "False Invalid");
        CHECK(of_listener(gateway_wrong, "http", "Accepted") == "False Pending");
        CHECK(gateway_wrong.condition_of("HTTPRoute", "r", "default/gw", "Accepted") ==
              "False Pending");
        const auto route_wrong = resolve_text(
            docs({gateway(http_listener()), route_doc("r", parent() + "  nonsense: 1\n")}));
        CHECK(route_wrong.condition_of("HTTPRoute", "r", "default/gw", "Accepted") ==
              "False Pending");
        const auto class_wrong =
            resolve_text(docs({gateway(http_listener()),
                               "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\n"
                               "metadata: {name: weir}\nspec: {controllerNam: x}\n"}));
        CHECK(of_gateway(class_wrong, "Accepted") == "False Pending");
    }
    TEST_CASE("what the schema has refused is not said a second time") {
        const std::string https = "  - {name: s, port: 443, protocol: HTTPS";
        for (const auto& [listeners, more] : std::vector<std::pair<std::string, std::string>>{
                 {https + "}\n", ""},
                 {https + ", tls: {certificateRefs: []}}\n", ""},
                 {https + ", tls: {mode: Passthrough}}\n", ""},
                 {http_listener(), "  addresses: [{value: nowhere}]\n"},
                 {http_listener(), "  addresses: [{type: Foo, value: x}]\n"},
                 {http_listener(), "  addresses: [{type: Hostname, value: a_b}]\n"},
                 {"", ""},
             }) {
            const auto r = resolve_text(
                docs({gateway(listeners, "gw", more), route_doc("r", parent() + to_pool()),
                      pool_doc(), pod("a", "10.0.0.1")}));
            INFO(listeners << more << r.troubles());
            CHECK(std::count_if(r.found.list().begin(), r.found.list().end(),
                                [](const auto& f) { return f.level != severity::note; }) == 1);
            CHECK(r.found.count(severity::error) == 1);
        }
    }
}
