#include "config/kinds.hpp"

#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

namespace {

reading::reader read(std::string_view api_version, std::string_view kind) {
    return reading::read("apiVersion: " + std::string(api_version) +
                         "\nkind: " + std::string(kind) + "\nmetadata: {name: x, namespace: n}\n");
}

}  // namespace

TEST_SUITE("config/kinds") {
    TEST_CASE("what belongs to others is skipped without a word and listed") {
        const std::pair<const char*, const char*> others[] = {
            {"apps/v1", "Deployment"},
            {"v1", "ServiceAccount"},
            {"rbac.authorization.k8s.io/v1", "Role"},
            {"serving.knative.dev/v1", "Service"},
            {"networking.istio.io/v1", "Gateway"},
            {"gateway.networking.k8s.io/v1", "GRPCRoute"},
            {"gateway.networking.k8s.io/v1alpha3", "BackendTLSPolicy"},
            {"policy/v1", "PodDisruptionBudget"},
            {"autoscaling/v2", "HorizontalPodAutoscaler"},
            {"v1", "PersistentVolumeClaim"}};
        for (const auto& [api_version, kind] : others) {
            INFO("kind: " << kind);
            const auto r = read(api_version, kind);
            CHECK(reading::said(r.found) == "");
            REQUIRE(r.all.skipped.size() == 1);
            CHECK(r.all.skipped[0].meta.kind == kind);
            CHECK(r.all.skipped[0].meta.id() == "n/x");
        }
    }

    TEST_CASE("a misspelled kind of a known group is a warning with the nearest name") {
        const auto r = read("gateway.networking.k8s.io/v1", "HTTPRout");
        REQUIRE(r.found.list().size() == 1);
        CHECK(r.found.list()[0].level == severity::warning);
        CHECK(r.found.list()[0].code == "WEIR0202");
        CHECK(r.found.list()[0].suggestion == "HTTPRoute");
        CHECK(read("v1", "Servce").found.list().at(0).suggestion == "Service");
    }

    TEST_CASE("a wrong version or group is a warning with the right one") {
        CHECK(read("gateway.networking.k8s.io/v1beta2", "Gateway").found.list().at(0).suggestion ==
              "gateway.networking.k8s.io/v1");
        CHECK(read("v1", "HTTPRoute").found.list().at(0).suggestion ==
              "gateway.networking.k8s.io/v1");
        CHECK(read("inference.networking.k8s.io/v1", "InferenceModel")
                  .found.list()
                  .at(0)
                  .suggestion == "inference.networking.x-k8s.io/v1alpha2");
        CHECK(read("gateway.network.k8s.io/v1", "HTTPRoute").found.list().at(0).code == "WEIR0203");
        CHECK_FALSE(
            read("inference.networking.x-k8s.io/v1alpha1", "InferencePool").found.has_errors());
    }

    TEST_CASE("each version in the table is read") {
        for (const auto* version : {"v1", "v1beta1"}) {
            const auto r = reading::read(
                "apiVersion: gateway.networking.k8s.io/" + std::string(version) +
                "\nkind: GatewayClass\nmetadata: {name: c}\nspec: {controllerName: a.b/c}\n");
            CHECK(r.all.gateway_classes.size() == 1);
            CHECK(r.all.gateway_classes.at(0).meta.name_space.value.empty());
        }
        for (const auto* api :
             {"llm-d.ai/v1alpha1", "llm-d.ai/v1", "inference.networking.x-k8s.io/v1alpha1"}) {
            CHECK(read(api, "EndpointPickerConfig").all.picker_configs.size() == 1);
        }
    }
}
