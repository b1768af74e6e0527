#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/core") {
    TEST_CASE("a Pod gives its addresses, readiness and ports") {
        const auto r = reading::read(R"(apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: vllm}, deletionTimestamp: "2026-01-01T00:00:00Z", annotations: {weir.dev/address: "[::1]:8000"}}
spec:
  containers: [{name: c, ports: [{containerPort: 8000, name: http}, {containerPort: 9000}]}]
status:
  podIP: 10.0.0.1
  podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]
  conditions: [{type: Initialized, status: "True"}, {type: Ready, status: "False"}]
)");
        REQUIRE(r.found.list().empty());
        const auto& pod = r.all.pods.at(0);
        REQUIRE(pod.ips.size() == 2);
        CHECK(pod.ips[0].value == "10.0.0.1");
        CHECK(pod.ips[1].value == "fd00::1");
        CHECK(pod.address->value == "[::1]:8000");
        CHECK(pod.has_ready_condition);
        CHECK_FALSE(pod.ready);
        CHECK(pod.terminating);
        CHECK(pod.ports.size() == 2);
        CHECK(pod.ports[0].name == "http");
    }

    TEST_CASE("a Pod without a Ready condition is ready unless its phase is an end") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n"
            "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nstatus: {phase: Failed}\n");
        CHECK(r.all.pods.at(0).ready);
        CHECK_FALSE(r.all.pods.at(0).has_ready_condition);
        CHECK_FALSE(r.all.pods.at(1).ready);
    }

    TEST_CASE("fields that weir does not read are never findings") {
        const auto r = reading::read(R"(apiVersion: v1
kind: Pod
metadata: {name: a, managedFields: [{x: 1}], weird: yes, annotations: {n: 5, weir.dev/other: true}}
spec: {volumes: {not: [a, list]}, containers: [{resources: {limits: {gpu: 1}}, env: 7}], anything: goes}
status: {conditions: 7, podIPs: text, phase: 5}
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {sessionAffinity: 7, ports: [{port: 80, nodePort: many}], foo: bar}
status: {loadBalancer: {}}
)");
        CHECK(reading::said(r.found) == "");
    }

    TEST_CASE("a Service names its target ports by number, by name or by default") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: None\n"
            "  ports: [{port: 80}, {port: 81, targetPort: 8081}, {port: 82, targetPort: web},"
            " {port: 83, appProtocol: kubernetes.io/h2c}]\n");
        REQUIRE(r.found.list().empty());
        const auto& s = r.all.services.at(0);
        CHECK(s.type.value == "ClusterIP");
        CHECK(s.cluster_ip->value == "None");
        REQUIRE(s.ports.size() == 4);
        CHECK(s.ports[0].target_port.value == "80");
        CHECK(s.ports[1].target_port.value == "8081");
        CHECK(s.ports[2].target_port.value == "web");
        CHECK(s.ports[3].app_protocol->value == "kubernetes.io/h2c");
        CHECK(s.ports[0].protocol.value == "TCP");
    }

    TEST_CASE("a Secret's data is decoded and stringData wins") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n"
            "data: {tls.crt: YWJj, tls.key: eA==}\nstringData: {tls.key: plain}\n");
        REQUIRE(r.found.list().empty());
        const auto& data = r.all.secrets.at(0).data;
        REQUIRE(data.size() == 2);
        CHECK(data[0].value.value == "abc");
        CHECK(data[1].value.value == "plain");
    }

    TEST_CASE("an EndpointSlice knows its Service, and an endpoint without a condition is ready") {
        const auto r = reading::read(R"(apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: e, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints:
- {addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}}
- {addresses: [10.0.0.2], conditions: {ready: false, terminating: true}}
ports: [{name: http, port: 8080}]
)");
        REQUIRE(r.found.list().empty());
        const auto& e = r.all.endpoint_slices.at(0);
        CHECK(e.service_name == "web");
        CHECK(e.endpoints.at(0).ready);
        CHECK(e.endpoints[0].target_pod == "a");
        CHECK_FALSE(e.endpoints.at(1).ready);
        CHECK(e.endpoints[1].terminating);
        CHECK(e.ports.at(0).port->value == 8080);
    }

    TEST_CASE("a Namespace always carries its own name as a label") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {zone: x}}\n");
        CHECK(*find_label(r.all.namespaces.at(0).meta.labels, "kubernetes.io/metadata.name") ==
              "a");
        CHECK(*find_label(r.all.namespaces.at(0).meta.labels, "zone") == "x");
    }
}
