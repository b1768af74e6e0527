#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

using ports = std::vector<std::uint16_t>;

/// A complete set around a pool and Pods.
resolved with(const std::string& pool, const std::string& pods, const load_options& options = {}) {
    return resolve_text(
        docs({gateway(http_listener()), route_doc("r", parent() + to_pool()), pool, pods}),
        options);
}

std::string annotated(const std::string& name, const std::string& address) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
           ", labels: {app: llm}, annotations: {weir.dev/address: \"" + address + "\"}}\n";
}

const std::string three_ports =
    "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: "
    "pool}\nspec:\n"
    "  selector: {matchLabels: {app: llm}}\n  targetPorts: [{number: 8000}, {number: 8001}, "
    "{number: 8002}]\n";

}  // namespace

TEST_SUITE("config/resolve_pools") {
    TEST_CASE("endpoints are the Pods of the pool's namespace that the selector matches") {
        const auto r = with(pool_doc(), pod("a", "10.0.0.1") + "---\n" +
                                            pod("b", "10.0.0.2", "", "namespace: other") + "---\n" +
                                            "apiVersion: v1\nkind: Pod\nmetadata: {name: c, "
                                            "labels: {app: web}}\nstatus: {podIP: 10.0.0.3}\n");
        REQUIRE(r.m->pools.at(0).endpoints.size() == 1);
        const auto& e = r.m->pools[0].endpoints[0];
        CHECK(e.name == "a");
        CHECK(e.host == "10.0.0.1");
        CHECK(e.ports == ports{8000});
        CHECK(e.labels == label_list{{"app", "llm"}});
        CHECK(e.ready);
        CHECK(r.troubles() == "");
    }
    TEST_CASE("the older shape of a pool is the same pool") {
        const auto r = resolve_text(docs(
            {gateway(http_listener()),
             route_doc("r", parent() +
                                "  rules: [{backendRefs: [{group: inference.networking.x-k8s.io, "
                                "kind: InferencePool, name: pool}]}]\n"),
             "apiVersion: inference.networking.x-k8s.io/v1alpha2\nkind: InferencePool\nmetadata: "
             "{name: pool}\nspec:\n"
             "  selector: {app: llm}\n  targetPortNumber: 8000\n  extensionRef: {name: epp}\n",
             service_doc("epp", "  ports: [{port: 9002}]\n"), pod("a", "10.0.0.1")}));
        CHECK(r.troubles() == "");
        CHECK(r.m->pools.at(0).endpoints.size() == 1);
        CHECK(r.m->pools[0].has_picker_ref);
        CHECK(r.m->routes[0].rules[0].backends[0].target.kind == backend_kind::pool);
    }
    TEST_CASE("readiness: the Ready condition, and nobody's word is a yes") {
        const auto r = with(
            pool_doc(),
            pod("yes", "10.0.0.1", "  conditions: [{type: Ready, status: \"True\"}]\n") + "---\n" +
                pod("no", "10.0.0.2", "  conditions: [{type: Ready, status: \"False\"}]\n") +
                "---\n" + pod("silent", "10.0.0.3"));
        REQUIRE(r.m->pools.at(0).endpoints.size() == 3);
        CHECK(r.m->pools[0].endpoints[0].ready);
        CHECK_FALSE(r.m->pools[0].endpoints[1].ready);
        CHECK(r.m->pools[0].endpoints[2].ready);
    }
    TEST_CASE("weir.dev/address stands in for a status, and its port replaces the target ports") {
        const auto r =
            with(three_ports,
                 annotated("a", "127.0.0.1") + "---\n" + annotated("b", "gpu-1.local:9000") +
                     "---\n" + annotated("c", "[::1]:9001") + "---\n" + annotated("d", "fe80::1"));
        const auto& e = r.m->pools.at(0).endpoints;
        REQUIRE(e.size() == 4);
        CHECK(e[0].ports == ports{8000, 8001, 8002});
        CHECK(e[1].host == "gpu-1.local");
        CHECK(e[1].ports == ports{9000});
        CHECK(e[2].host == "::1");
        CHECK(e[2].ports == ports{9001});
        CHECK(e[3].host == "fe80::1");
        CHECK(e[3].ports == ports{8000, 8001, 8002});
    }
    TEST_CASE("active-ports keeps the rank of those that are left out") {
        const auto with_ports = [](const std::string& annotations) {
            const auto r =
                with(three_ports, pod("a", "10.0.0.1", "", "annotations: {" + annotations + "}"));
            return r.m->pools.at(0).endpoints.at(0).ports;
        };
        CHECK(with_ports("llm-d.ai/active-ports: \"8001\"") == ports{0, 8001, 0});
        CHECK(with_ports("inference.networking.k8s.io/active-ports: \"8000, 8002\"") ==
              ports{8000, 0, 8002});
        CHECK(with_ports("llm-d.ai/active-ports: \"8000\", "
                         "inference.networking.k8s.io/active-ports: \"8001\"") ==
              ports{8000, 0, 0});
        CHECK(with_ports("llm-d.ai/active-ports: \"x,9999\"") == ports{0, 0, 0});
    }
    TEST_CASE("a pool without Pods, or without a ready one, is told with the symptom") {
        const auto none = with(pool_doc(), "");
        CHECK(none.times(codes::no_matching_pod) == 1);
        CHECK(none.first(codes::no_matching_pod).note ==
              "the client sees 503 `no healthy upstream`");
        const auto unready =
            with(pool_doc(),
                 pod("no", "10.0.0.2", "  conditions: [{type: Ready, status: \"False\"}]\n"));
        CHECK(unready.times(codes::no_ready_pod) == 1);
        CHECK(unready.times(codes::no_matching_pod) == 0);
    }
    TEST_CASE("a Pod without an address is told, and is no endpoint") {
        const auto r = with(pool_doc(),
                            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: llm}}\n");
        CHECK(r.times(codes::pod_without_address) == 1);
        CHECK(r.m->pools.at(0).endpoints.empty());
    }
    TEST_CASE("a target port that no container has is told once") {
        const std::string containers =
            "spec: {containers: [{name: c, ports: [{containerPort: 8080}]}]}\n";
        const auto r = with(pool_doc(), pod("a", "10.0.0.1", containers) + "---\n" +
                                            pod("b", "10.0.0.2", containers));
        CHECK(r.times(codes::port_mismatch) == 1);
        CHECK(r.first(codes::port_mismatch).suggestion == "8080");
        CHECK(r.first(codes::port_mismatch).note.find("Connection refused") != std::string::npos);
        CHECK(r.m->pools.at(0).endpoints.size() == 2);
    }
    TEST_CASE("--pool-name serves one pool; the others are as if they were not there") {
        load_options options;
        options.pool_name = "pool";
        const auto r =
            with(pool_doc() + "---\n" + pool_doc("other"), pod("a", "10.0.0.1"), options);
        REQUIRE(r.m->pools.size() == 1);
        CHECK(r.m->missing_pool.empty());
        options.pool_namespace = "elsewhere";
        const auto missing = with(pool_doc(), pod("a", "10.0.0.1"), options);
        CHECK(missing.m->pools.empty());
        CHECK(missing.m->missing_pool == "elsewhere/pool");
        CHECK(missing.times(codes::pool_name_unknown) == 1);
        CHECK_FALSE(missing.found.has_errors());
        CHECK(missing.m->routes.at(0).rules.at(0).backends.at(0).target.kind ==
              backend_kind::invalid);
    }
    TEST_CASE("a picker Service that is absent is a note and a condition, no more") {
        const auto pool =
            pool_doc("pool", "  endpointPickerRef: {name: epp, port: {number: 9002}}\n");
        const auto r = with(pool, pod("a", "10.0.0.1"));
        CHECK(r.troubles() == "");
        CHECK(r.first(codes::picker_service_absent).level == severity::note);
        CHECK(r.condition_of("InferencePool", "pool", "default/gw", "ResolvedRefs") ==
              "False InvalidExtensionRef");
        const auto there = with(
            pool, pod("a", "10.0.0.1") + "---\n" + service_doc("epp", "  ports: [{port: 9002}]\n"));
        CHECK(there.condition_of("InferencePool", "pool", "default/gw", "ResolvedRefs") ==
              "True ResolvedRefs");
        const auto external =
            with(pool, pod("a", "10.0.0.1") + "---\n" +
                           service_doc("epp", "  type: ExternalName\n  externalName: x.com\n"));
        CHECK(external.condition_of("InferencePool", "pool", "default/gw", "ResolvedRefs") ==
              "False InvalidExtensionRef");
    }
    TEST_CASE("of a selector with errors nobody says that it matches no Pod") {
        for (const auto* labels : {"{app: 1}", "{\"a b\": c}", "{app: _}"}) {
            const auto r = resolve_text(
                docs({gateway(http_listener()), route_doc("r", parent() + to_pool()),
                      "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\n"
                      "metadata: {name: pool}\nspec: {selector: {matchLabels: " +
                          std::string(labels) + "}, targetPorts: [{number: 8000}]}\n",
                      pod("a", "10.0.0.1")}));
            INFO(labels << r.troubles());
            CHECK(r.times("WEIR0222") == 1);
            CHECK(r.times("WEIR0307") == 0);
        }
    }
    TEST_CASE("an object without a name is not asked for by name") {
        const auto r = resolve_text(docs({gateway(http_listener(), "\"\""), pool_doc("\"\"")}));
        CHECK(r.times("WEIR0340") == 0);
        CHECK(r.times("WEIR0341") == 0);
    }
}
