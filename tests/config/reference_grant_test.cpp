#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/reference_grant") {
    TEST_CASE("an empty group is core and an empty name is every object, in each version") {
        for (const std::string version : {"v1", "v1beta1", "v1alpha2"}) {
            const auto r = reading::read(
                "apiVersion: gateway.networking.k8s.io/" + version +
                "\nkind: ReferenceGrant\nmetadata: {name: g, namespace: models}\nspec:\n"
                "  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: apps}]\n"
                "  to: [{group: \"\", kind: Service}, {group: , kind: Secret, name: \"\"},"
                " {group: inference.networking.k8s.io, kind: InferencePool, name: llm}]\n");
            REQUIRE(reading::said(r.found) == "");
            const auto& grant = r.all.grants.at(0);
            CHECK(grant.from.at(0).name_space.value == "apps");
            REQUIRE(grant.to.size() == 3);
            CHECK(grant.to[0].group.value.empty());
            CHECK_FALSE(grant.to[1].name.has_value());
            CHECK(grant.to[2].name->value == "llm");
        }
    }
}
