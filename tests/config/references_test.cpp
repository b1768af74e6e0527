#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/references") {
    TEST_CASE("a group with a version is suggested without it") {
        const auto r = reading::read(
            "apiVersion: llm-d.ai/v1alpha2\nkind: InferenceObjective\nmetadata: {name: o}\nspec:\n"
            "  poolRef: {group: inference.networking.k8s.io/v1, name: p}\n");
        REQUIRE(r.found.list().size() == 1);
        CHECK(r.found.list()[0].suggestion == "inference.networking.k8s.io");
    }

    TEST_CASE("a Service needs a port, a pool does not") {
        const auto read = [](std::string_view ref) {
            return reading::said(reading::read("apiVersion: gateway.networking.k8s.io/v1\nkind: "
                                               "HTTPRoute\nmetadata: {name: r}\n"
                                               "spec: {rules: [{backendRefs: [" +
                                               std::string(ref) + "]}]}\n")
                                     .found);
        };
        CHECK(read("{name: web}").find("Must have port for Service reference") !=
              std::string::npos);
        CHECK(read("{group: inference.networking.k8s.io, kind: InferencePool, name: p}") == "");
        CHECK(read("{group: example.com, kind: Bucket, name: p}") == "");
    }

    TEST_CASE("a duration without a unit is suggested in seconds, a hostname in lower case") {
        const auto r = reading::read(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
            "spec: {hostnames: [\"*.Example.com\"], rules: [{timeouts: {request: 30}}]}\n");
        REQUIRE(r.found.list().size() == 2);
        CHECK(r.found.list()[0].suggestion == "*.example.com");
        CHECK(r.found.list()[1].suggestion == "30s");
        CHECK(render_text(r.found, false).find("\"*.example.com\"]") != std::string::npos);
    }
}
