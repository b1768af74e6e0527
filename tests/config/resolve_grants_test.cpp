#include "config/resolve_grants.hpp"

#include <doctest/doctest.h>

using namespace weir::config;

namespace {

reference_grant_resource grant(std::vector<grant_from_spec> from, std::vector<grant_to_spec> to) {
    reference_grant_resource g;
    g.meta.name_space.value = "target";
    g.from = std::move(from);
    g.to = std::move(to);
    return g;
}

grant_from_spec from(std::string group, std::string kind, std::string name_space) {
    grant_from_spec f;
    f.group.value = std::move(group);
    f.kind.value = std::move(kind);
    f.name_space.value = std::move(name_space);
    return f;
}

grant_to_spec to(std::string group, std::string kind, std::optional<std::string> name = {}) {
    grant_to_spec t;
    t.group.value = std::move(group);
    t.kind.value = std::move(kind);
    if (name) t.name = text{*name, {}};
    return t;
}

const grant_from a_route{"gateway.networking.k8s.io", "HTTPRoute", "apps"};
const grant_to a_pool{"inference.networking.k8s.io", "InferencePool", "target", "llm"};
const auto route_from = from("gateway.networking.k8s.io", "HTTPRoute", "apps");
const auto any_pool = to("inference.networking.k8s.io", "InferencePool");

bool allowed(std::vector<reference_grant_resource> grants) {
    return grant_index(grants).allows(a_route, a_pool);
}

}  // namespace

TEST_SUITE("config/resolve_grants") {
    TEST_CASE("inside one namespace no grant is needed") {
        const std::vector<reference_grant_resource> none;
        CHECK(grant_index(none).allows({"g", "k", "same"}, {"g", "k", "same", "n"}));
    }
    TEST_CASE("across namespaces a grant with a fitting from and to is") {
        CHECK_FALSE(allowed({}));
        CHECK(allowed({grant({route_from}, {any_pool})}));
        CHECK(allowed(
            {grant({route_from}, {to("inference.networking.k8s.io", "InferencePool", "llm")})}));
        CHECK(allowed(
            {grant({route_from}, {to("inference.networking.k8s.io", "InferencePool", "")})}));
        CHECK(allowed({grant({from("x", "y", "z"), route_from}, {to("", "Service"), any_pool})}));
    }
    TEST_CASE("group, kind, namespace and name are compared exactly") {
        CHECK_FALSE(
            allowed({grant({route_from}, {to("inference.networking.x-k8s.io", "InferencePool")})}));
        CHECK_FALSE(allowed(
            {grant({route_from}, {to("inference.networking.k8s.io", "InferencePool", "other")})}));
        CHECK_FALSE(allowed({grant({route_from}, {to("", "Service")})}));
        CHECK_FALSE(
            allowed({grant({from("gateway.networking.k8s.io", "GRPCRoute", "apps")}, {any_pool})}));
        CHECK_FALSE(allowed(
            {grant({from("gateway.networking.k8s.io", "HTTPRoute", "other")}, {any_pool})}));
        CHECK_FALSE(allowed({grant({from("", "HTTPRoute", "apps")}, {any_pool})}));
    }
    TEST_CASE("halves of two grants do not make a whole") {
        CHECK_FALSE(allowed(
            {grant({route_from}, {to("", "Service")}),
             grant({from("gateway.networking.k8s.io", "HTTPRoute", "other")}, {any_pool})}));
    }
    TEST_CASE("a grant counts in the namespace of the target alone") {
        auto elsewhere = grant({route_from}, {any_pool});
        elsewhere.meta.name_space.value = "apps";
        CHECK_FALSE(allowed({elsewhere}));
    }
    TEST_CASE("the help text is a grant one can write down") {
        CHECK(grant_example(a_route, {"", "Service", "target", "s"}) ==
              "add a ReferenceGrant in namespace target with from: {group: "
              "gateway.networking.k8s.io, kind: HTTPRoute, "
              "namespace: apps} and to: {group: \"\", kind: Service}");
    }
}
