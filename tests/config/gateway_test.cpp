#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/gateway") {
    TEST_CASE("a Gateway keeps its listeners, with the defaults of the API") {
        const auto r = reading::read(R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: infra}
spec:
  gatewayClassName: weir
  addresses: [{value: 127.0.0.2}, {type: Hostname, value: localhost}]
  listeners:
  - {name: http, port: 80, protocol: HTTP}
  - name: https
    port: 443
    protocol: HTTPS
    hostname: "*.example.com"
    tls: {certificateRefs: [{name: cert, namespace: certs}]}
    allowedRoutes:
      namespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: Exists}]}}
      kinds: [{kind: HTTPRoute}]
)");
        REQUIRE(reading::said(r.found) == "");
        const auto& g = r.all.gateways.at(0);
        CHECK(g.meta.id() == "infra/g");
        CHECK(g.addresses.at(0).type.value == "IPAddress");
        CHECK(g.addresses.at(1).value.value == "localhost");
        const auto& http = g.listeners.at(0);
        CHECK(http.port.value == 80);
        CHECK(http.allowed_routes.from.value == namespaces_from::same);
        CHECK_FALSE(http.hostname.has_value());
        CHECK_FALSE(http.allowed_routes.kinds_given);
        const auto& https = g.listeners.at(1);
        CHECK(https.tls->mode.value == "Terminate");
        CHECK(https.tls->certificate_refs.at(0).kind.value == "Secret");
        CHECK(https.tls->certificate_refs[0].name_space->value == "certs");
        CHECK(https.allowed_routes.from.value == namespaces_from::selector);
        CHECK(https.allowed_routes.selector->expressions.size() == 1);
        CHECK(https.allowed_routes.kinds.at(0).group.value == "gateway.networking.k8s.io");
        CHECK(reading::covered(https.hostname->at) == "\"*.example.com\"");
    }

    TEST_CASE("a protocol of somebody else is kept for resolution to judge") {
        const auto r = reading::read(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec:\n"
            "  gatewayClassName: w\n  listeners:\n  - {name: a, port: 1, protocol: "
            "example.com/bar}\n"
            "  - {name: b, port: 2, protocol: QUIC}\n");
        CHECK(reading::said(r.found) == "");
        CHECK(r.all.gateways.at(0).listeners.at(0).protocol.value == "example.com/bar");
        CHECK(r.all.gateways[0].listeners.at(1).protocol.value == "QUIC");
    }

    TEST_CASE("listeners that conflict are not an error of the file") {
        const auto r = reading::read(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec:\n"
            "  gatewayClassName: w\n  listeners:\n  - {name: a, port: 1, protocol: HTTP}\n"
            "  - {name: b, port: 1, protocol: HTTP}\n");
        CHECK(r.found.list().empty());
        CHECK(r.all.gateways.at(0).listeners.size() == 2);
    }
}
