#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/pool") {
    TEST_CASE("both shapes of a pool are read to the same fields") {
        const auto r = reading::read(R"(apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: a}
spec:
  selector: {matchLabels: {app: vllm}}
  targetPorts: [{number: 8000}, {number: 8001}]
  endpointPickerRef: {name: epp, port: {number: 9002}, failureMode: FailOpen}
---
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferencePool
metadata: {name: b}
spec:
  selector: {app: vllm}
  targetPortNumber: 8000
  extensionRef: {name: epp}
)");
        REQUIRE(reading::said(r.found) == "");
        const auto& a = r.all.pools.at(0);
        const auto& b = r.all.pools.at(1);
        CHECK(a.selector == b.selector);
        CHECK(a.target_ports.size() == 2);
        CHECK(b.target_ports.at(0).value == 8000);
        CHECK(a.app_protocol.value == "http");
        CHECK(a.picker_ref->fail_open);
        CHECK_FALSE(b.picker_ref->fail_open);
        CHECK(b.picker_ref->ref.port->value == 9002);
        CHECK(b.picker_ref->ref.kind.value == "Service");
        CHECK(b.meta.group == "inference.networking.x-k8s.io");
    }

    TEST_CASE("a picker is optional, and of another kind needs no port") {
        const auto r = reading::read(
            "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: a}\n"
            "spec: {selector: {matchLabels: {a: b}}, targetPorts: [{number: 1}]}\n---\n"
            "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: b}\n"
            "spec: {selector: {matchLabels: {a: b}}, targetPorts: [{number: 1}],"
            " endpointPickerRef: {group: x.y, kind: Picker, name: p}}\n");
        CHECK(reading::said(r.found) == "");
        CHECK_FALSE(r.all.pools.at(0).picker_ref.has_value());
    }

    TEST_CASE("a field of the other version says what to write instead") {
        const auto r = reading::read(
            "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: a}\n"
            "spec: {selector: {matchLabels: {a: b}}, targetPortNumber: 9000}\n");
        REQUIRE(r.found.list().size() == 1);
        CHECK(r.found.list()[0].code == "WEIR0213");
        CHECK(r.found.list()[0].help == "in v1 write `targetPorts: [{number: 9000}]`");
    }
}
