#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

/// A Gateway with these listeners, a route with this spec, a pool and a Pod.
resolved with(const std::string& listeners, const std::string& spec, const std::string& meta = {},
              const std::string& more = {}) {
    return resolve_text(docs(
        {gateway(listeners), route_doc("r", spec, meta), pool_doc(), pod("a", "10.0.0.1"), more}));
}
std::string accepted(const resolved& r, const std::string& under = "default/gw") {
    return r.condition_of("HTTPRoute", "r", under, "Accepted");
}
std::string refs(const resolved& r, const std::string& under = "default/gw") {
    return r.condition_of("HTTPRoute", "r", under, "ResolvedRefs");
}
const std::string two =
    http_listener("a", "hostname: a.com") + "  - {name: b, port: 81, protocol: HTTP}\n";

std::vector<std::string> attached(const resolved& r) {
    std::vector<std::string> names;
    for (const auto& l : r.m->listeners) {
        if (!l.routes.empty()) names.push_back(l.name);
    }
    return names;
}
using names = std::vector<std::string>;

std::string filters(const std::string& list, const std::string& refs = to_pool().substr(9)) {
    return "  rules:\n  - filters: [" + list + "]\n    " + refs.substr(4);
}

}  // namespace

TEST_SUITE("config/resolve_routes") {
    TEST_CASE("a route attaches to every listener, or to the one that section and port name") {
        CHECK(attached(with(two, parent() + to_pool())) == names{"a", "b"});
        CHECK(attached(with(two, parent("sectionName: b") + to_pool())) == names{"b"});
        CHECK(attached(with(two, parent("port: 80") + to_pool())) == names{"a"});
        CHECK(attached(with(two, parent("sectionName: b, port: 81") + to_pool())) == names{"b"});
        const auto both =
            with(two, "  parentRefs: [{name: gw, sectionName: a}, {name: gw, sectionName: b}]\n" +
                          to_pool());
        CHECK(attached(both) == names{"a", "b"});
        CHECK(accepted(both, "default/gw/a") == "True Accepted");
        CHECK(accepted(both, "default/gw/b") == "True Accepted");
        CHECK(both.m->listeners[0].routes.size() == 1);
    }
    TEST_CASE("a section or port that no listener has is no matching parent") {
        const auto section = with(two, parent("sectionName: c") + to_pool());
        CHECK(accepted(section, "default/gw/c") == "False NoMatchingParent");
        CHECK(attached(section).empty());
        const auto f = section.first(codes::no_matching_parent);
        CHECK(f.level == severity::warning);
        CHECK(f.message == "Gateway default/gw has no listener named \"c\"");
        CHECK(f.allowed == names{"a (port 80)", "b (port 81)"});
        CHECK(accepted(with(two, parent("port: 82") + to_pool())) == "False NoMatchingParent");
        const auto port = with(two, parent("sectionName: a, port: 81") + to_pool());
        CHECK(accepted(port, "default/gw/a") == "False NoMatchingParent");
        CHECK(port.first(codes::no_matching_parent).suggestion == "80");
        CHECK(accepted(with(two, "  parentRefs: [{group: \"\", kind: Service, name: gw}]\n" +
                                     to_pool())) == "False NoMatchingParent");
    }
    TEST_CASE("hostnames meet, and a route whose names meet none is not accepted") {
        const auto meets =
            with(http_listener("a", "hostname: \"*.a.com\""),
                 parent() + "  hostnames: [x.a.com, b.com, \"*.y.a.com\"]\n" + to_pool());
        CHECK(accepted(meets) == "True Accepted");
        CHECK(meets.m->listeners[0].routes[0].hostnames == names{"x.a.com", "*.y.a.com"});
        const auto none = with(http_listener("a", "hostname: a.com"),
                               parent() + "  hostnames: [b.com]\n" + to_pool());
        CHECK(accepted(none) == "False NoMatchingListenerHostname");
        CHECK(refs(none) == "True ResolvedRefs");
        CHECK(none.first(codes::hostname_mismatch).note.starts_with("the client sees 404"));
        CHECK(attached(none).empty());
    }
    TEST_CASE("namespaces: the same by default, all, by label, or none") {
        const auto in_apps = [](const std::string& allowed, const std::string& more = {}) {
            return with(http_listener("http", allowed),
                        "  parentRefs: [{name: gw, namespace: default}]\n" + to_pool(),
                        "namespace: apps", more);
        };
        const std::string apps =
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps, labels: {team: llm}}\n";
        CHECK(accepted(in_apps("")) == "False NotAllowedByListeners");
        CHECK(accepted(in_apps("allowedRoutes: {namespaces: {from: All}}")) == "True Accepted");
        CHECK(accepted(in_apps("allowedRoutes: {namespaces: {from: None}}")) ==
              "False NotAllowedByListeners");
        const std::string labels =
            "allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: llm}}}}";
        CHECK(accepted(in_apps(labels)) == "False NotAllowedByListeners");
        CHECK(accepted(in_apps(labels, apps)) == "True Accepted");
        const std::string own_name =
            "allowedRoutes: {namespaces: {from: Selector, selector: {matchExpressions: "
            "[{key: kubernetes.io/metadata.name, operator: In, values: [apps]}]}}}";
        CHECK(accepted(in_apps(own_name)) == "True Accepted");
        CHECK(in_apps("").times(codes::not_allowed_by_listeners) == 1);
    }
    TEST_CASE("an unknown filter is never skipped: its rule answers 500 and the status says so") {
        const auto all = with(
            http_listener(),
            parent() +
                filters("{type: ExtensionRef, extensionRef: {group: x.io, kind: K, name: n}}"));
        CHECK(accepted(all) == "False UnsupportedValue");
        CHECK(all.m->routes[0].rules[0].filters.unsupported);
        CHECK(attached(all) == names{"http"});
        CHECK(all.status_of("Gateway", "gw").find("\"attachedRoutes\":0") != std::string::npos);
        const auto some = with(
            http_listener(),
            parent() +
                filters("{type: ExtensionRef, extensionRef: {group: x.io, kind: K, name: n}}") +
                to_pool().substr(9));
        CHECK(accepted(some) == "True Accepted");
        CHECK(some.condition_of("HTTPRoute", "r", "default/gw", "PartiallyInvalid") ==
              "True UnsupportedValue");
        CHECK(some.status_of("HTTPRoute", "r").find("Dropped Rule") != std::string::npos);
        CHECK(some.times(codes::unsupported_filter) == 1);
    }
    TEST_CASE("a redirect and a rewrite on one rule exclude each other") {
        const auto r = with(
            http_listener(),
            parent() +
                "  rules:\n  - filters: [{type: RequestRedirect, requestRedirect: {port: 8080}}, "
                "{type: URLRewrite, urlRewrite: {hostname: b.com}}]\n");
        CHECK(accepted(r) == "False IncompatibleFilters");
    }
    TEST_CASE("a complete rule arrives in the model as it was written") {
        const auto r =
            with(http_listener(), parent() +
                                      "  rules:\n  - name: one\n    matches: [{path: {type: Exact, "
                                      "value: /a}, method: POST}]\n"
                                      "    timeouts: {request: 300s, backendRequest: 10s}\n"
                                      "    filters: [{type: RequestHeaderModifier, "
                                      "requestHeaderModifier: {set: [{name: X, value: y}]}}]\n"
                                      "    backendRefs:\n"
                                      "    - {group: inference.networking.k8s.io, kind: "
                                      "InferencePool, name: pool, weight: 9, port: 1}\n"
                                      "    - {group: inference.networking.k8s.io, kind: "
                                      "InferencePool, name: nope, weight: 1}\n");
        const auto& rule = r.m->routes.at(0).rules.at(0);
        CHECK(rule.name == "one");
        CHECK(rule.matches.at(0).method == "POST");
        CHECK(rule.request_timeout == std::chrono::seconds(300));
        CHECK(rule.backend_timeout == std::chrono::seconds(10));
        CHECK(rule.filters.request_headers->set.at(0).second == "y");
        CHECK(rule.backends.at(0).target.kind == backend_kind::pool);
        CHECK(rule.backends.at(0).weight == 9);
        CHECK(rule.backends.at(1).target.kind == backend_kind::invalid);
        CHECK(rule.backends.at(1).target.reason == "BackendNotFound");
        CHECK(rule.backends.at(1).weight == 1);
        CHECK(refs(r) == "False BackendNotFound");
        CHECK(accepted(r) == "True Accepted");
    }
    TEST_CASE("rules that cannot answer are told: no backend, no weight; a redirect needs none") {
        CHECK(with(http_listener(), parent() + "  rules: [{}]\n")
                  .times(codes::rule_without_backend) == 1);
        CHECK(refs(with(http_listener(), parent() + "  rules: [{}]\n")) == "True ResolvedRefs");
        CHECK(with(http_listener(), parent() + to_pool("pool", "weight: 0"))
                  .times(codes::zero_weights) == 1);
        CHECK(with(http_listener(), parent() + "  rules: [{filters: [{type: RequestRedirect, "
                                               "requestRedirect: {scheme: https}}]}]\n")
                  .times(codes::rule_without_backend) == 0);
    }
    TEST_CASE("a route without parents is told") {
        CHECK(resolve_text(docs({route_doc("r", to_pool()), pool_doc(), pod("a", "10.0.0.1")}))
                  .times(codes::route_without_parent) == 1);
    }
    TEST_CASE("the status of a route is Kubernetes' own") {
        const auto json = resolve_text(whole()).status_of("HTTPRoute", "r");
        CHECK(
            json ==
            R"({"parents":[{"parentRef":{"group":"gateway.networking.k8s.io","kind":"Gateway","namespace":"default",)"
            R"("name":"gw"},"controllerName":"weir.dev/gateway","conditions":[{"type":"Accepted","status":"True",)"
            R"("reason":"Accepted","message":"","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs",)"
            R"("status":"True","reason":"ResolvedRefs","message":"","lastTransitionTime":"1970-01-01T00:00:00Z"}]}]})");
    }
    TEST_CASE("a parent of another group or kind is named with both") {
        const auto group = resolve_text(
            docs({gateway(http_listener()),
                  route_doc("r", parent("group: gateway.networking.k8.io") + to_pool())}));
        CHECK(group.first("WEIR0311").message ==
              "a parent must be a Gateway of gateway.networking.k8s.io, not of kind Gateway of "
              "gateway.networking.k8.io");
        CHECK(group.first("WEIR0311").suggestion == "gateway.networking.k8s.io");
        const auto kind = resolve_text(
            docs({gateway(http_listener()), route_doc("r", parent("kind: gateway") + to_pool())}));
        CHECK(kind.first("WEIR0311").suggestion == "Gateway");
        const auto set = resolve_text(docs(
            {gateway(http_listener()), route_doc("r", parent("kind: ListenerSet") + to_pool())}));
        CHECK(set.first("WEIR0311").suggestion.empty());
    }
    TEST_CASE("listeners that take no HTTPRoutes are not blamed on the namespace") {
        const auto r = resolve_text(
            docs({gateway(http_listener("http", "allowedRoutes: {kinds: [{kind: GRPCRoute}]}")),
                  route_doc("r", parent() + to_pool())}));
        CHECK(r.first("WEIR0312").message ==
              "the listeners of Gateway default/gw do not take HTTPRoutes");
    }
}
