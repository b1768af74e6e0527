#include <doctest/doctest.h>

#include <chrono>

#include "reading.hpp"

using namespace weir::config;
using namespace std::chrono_literals;

namespace {

std::string route_of(std::string_view spec) {
    return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, "
           "namespace: apps}\nspec:\n" +
           std::string(spec);
}

}  // namespace

TEST_SUITE("config/http_route") {
    TEST_CASE("references get the defaults of the API and keep their places") {
        const auto r = reading::read(route_of(R"(  parentRefs:
  - {name: gw}
  - {name: gw2, namespace: infra, sectionName: http, port: 80}
  hostnames: ["*.example.com", chat.example.com]
  rules:
  - backendRefs:
    - {name: web, port: 80}
    - {group: inference.networking.k8s.io, kind: InferencePool, name: llm, namespace: models, weight: 0}
    timeouts: {request: 1m30s, backendRequest: 30s}
    retry: {codes: [500, 503], attempts: 2, backoff: 100ms}
)"));
        REQUIRE(reading::said(r.found) == "");
        const auto& route = r.all.http_routes.at(0);
        CHECK(route.parents.at(0).ref.kind.value == "Gateway");
        CHECK(route.parents[0].ref.group.value == "gateway.networking.k8s.io");
        CHECK_FALSE(route.parents[0].ref.name_space.has_value());
        CHECK(route.parents.at(1).section_name->value == "http");
        CHECK(route.parents[1].ref.port->value == 80);
        const auto& rule = route.rules.at(0);
        REQUIRE(rule.matches.size() == 1);
        CHECK(rule.matches[0].value.path_value == "/");
        CHECK(rule.backends.at(0).ref.kind.value == "Service");
        CHECK(rule.backends[0].weight.value == 1);
        CHECK(rule.backends.at(1).weight.value == 0);
        CHECK(reading::covered(rule.backends[1].ref.at) == "llm");
        CHECK(rule.request_timeout->value == 90s);
        CHECK(rule.backend_timeout->value == 30s);
        CHECK(rule.retry->value.codes.size() == 2);
        CHECK(rule.retry->value.attempts == 2);
        CHECK(rule.retry->value.backoff == 100ms);
    }

    TEST_CASE("a route without rules has one that matches everything") {
        const auto r = reading::read(route_of("  parentRefs: [{name: gw}]\n"));
        CHECK(r.found.list().empty());
        const auto& rules = r.all.http_routes.at(0).rules;
        REQUIRE(rules.size() == 1);
        CHECK(rules[0].matches.at(0).value.path == path_kind::prefix);
        CHECK(rules[0].backends.empty());
    }

    TEST_CASE("a backendRequest timeout may exceed a request timeout that is off") {
        CHECK(reading::read(route_of("  rules: [{timeouts: {request: 0s, backendRequest: 5s}}]\n"))
                  .found.list()
                  .empty());
    }

    TEST_CASE("one parent may be named twice by section or by port") {
        CHECK(
            reading::read(
                route_of("  parentRefs: [{name: g, sectionName: a}, {name: g, sectionName: b}]\n"))
                .found.list()
                .empty());
        CHECK(reading::read(route_of("  parentRefs: [{name: g, port: 80}, {name: g, port: 81}]\n"))
                  .found.list()
                  .empty());
        CHECK(reading::read(route_of("  parentRefs: [{name: g}, {name: g, namespace: x}]\n"))
                  .found.list()
                  .empty());
        CHECK(reading::read(route_of("  parentRefs: [{name: g, sectionName: a}, {name: g}]\n"))
                  .found.has_errors());
        CHECK(reading::read(route_of("  parentRefs: [{name: g, port: 80}, {name: g, port: 80}]\n"))
                  .found.has_errors());
    }

    TEST_CASE("a route with a mistake is kept and marked") {
        const auto r = reading::read(route_of("  hostnames: [BAD, good.example.com]\n"));
        REQUIRE(r.all.http_routes.size() == 1);
        CHECK_FALSE(r.all.http_routes[0].meta.valid);
        CHECK(r.all.http_routes[0].hostnames.at(0).value == "good.example.com");
    }
}
