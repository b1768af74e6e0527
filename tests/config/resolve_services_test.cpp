#include <doctest/doctest.h>

#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

resolved with(const std::string& svc, const std::string& more, const std::string& port = "80") {
    return resolve_text(docs(
        {gateway(http_listener()),
         route_doc("r", parent() + "  rules: [{backendRefs: [{name: web, port: " + port + "}]}]\n"),
         service_doc("web", svc), more}));
}

std::string slice(const std::string& ports, const std::string& endpoints,
                  const std::string& name = "web-1") {
    return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " + name +
           ", labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [" + ports +
           "]\nendpoints:\n" + endpoints;
}

}  // namespace

TEST_SUITE("config/resolve_services") {
    TEST_CASE("endpoints come from the slices, by port name, ready ones and others") {
        const auto r = with(
            "  ports: [{name: api, port: 80, targetPort: 8000}, {name: admin, port: 81, "
            "targetPort: 8001}]\n",
            slice("{name: admin, port: 9001}, {name: api, port: 9000}",
                  "- {addresses: [10.0.0.1], conditions: {ready: true}, targetRef: {kind: Pod, "
                  "name: p1}}\n"
                  "- {addresses: [10.0.0.2], conditions: {ready: false}}\n"
                  "- {addresses: [10.0.0.3], conditions: {ready: true, terminating: true}}\n") +
                "---\n" + slice("{name: api, port: 9002}", "- {addresses: [10.0.0.4]}\n", "web-2"));
        REQUIRE(r.m->services.size() == 1);
        const auto& e = r.m->services[0].endpoints;
        CHECK(r.m->services[0].port == 80);
        REQUIRE(e.size() == 4);
        CHECK(e[0].host == "10.0.0.1");
        CHECK(e[0].name == "p1");
        CHECK(e[0].ports == std::vector<std::uint16_t>{9000});
        CHECK(e[0].ready);
        CHECK_FALSE(e[1].ready);
        CHECK_FALSE(e[2].ready);
        CHECK(e[3].ports == std::vector<std::uint16_t>{9002});
    }
    TEST_CASE("servers on one machine are told apart by their port") {
        const auto r =
            with("  ports: [{port: 80}]\n",
                 slice("{name: '', port: 9000}", "- {addresses: [127.0.0.1]}\n") + "---\n" +
                     slice("{name: '', port: 9001}", "- {addresses: [127.0.0.1]}\n", "web-2"));
        const auto& e = r.m->services.at(0).endpoints;
        REQUIRE(e.size() == 2);
        CHECK(e[0].name == "127.0.0.1:9000");
        CHECK(e[1].name == "127.0.0.1:9001");
    }
    TEST_CASE("without slices the selector chooses Pods, and a target port may be a name") {
        const auto r = with(
            "  selector: {app: llm}\n  ports: [{port: 80, targetPort: http}]\n",
            pod("a", "10.0.0.1",
                "spec: {containers: [{name: c, ports: [{name: http, containerPort: 8000}]}]}\n") +
                "---\n" + pod("b", "10.0.0.2"));
        REQUIRE(r.m->services.size() == 1);
        REQUIRE(r.m->services[0].endpoints.size() == 1);
        CHECK(r.m->services[0].endpoints[0].name == "a");
        CHECK(r.m->services[0].endpoints[0].ports == std::vector<std::uint16_t>{8000});
    }
    TEST_CASE("a Pod may say its address by annotation") {
        const auto r = with("  selector: {app: llm}\n  ports: [{port: 80, targetPort: 8000}]\n",
                            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: llm}, "
                            "annotations: {weir.dev/address: "
                            "\"localhost:9000\"}}\n");
        REQUIRE(r.m->services.at(0).endpoints.size() == 1);
        CHECK(r.m->services[0].endpoints[0].host == "localhost");
        CHECK(r.m->services[0].endpoints[0].ports == std::vector<std::uint16_t>{9000});
    }
    TEST_CASE(
        "two rules that name one Service port share its entry, and it resolves without endpoints") {
        const auto r = resolve_text(
            docs({gateway(http_listener()),
                  route_doc("r", parent() + "  rules:\n  - backendRefs: [{name: web, port: 80}]\n"
                                            "  - matches: [{path: {value: /x}}]\n    backendRefs: "
                                            "[{name: web, port: 80}, {name: web, port: 81}]\n"),
                  service_doc("web", "  ports: [{name: a, port: 80}, {name: b, port: 81}]\n")}));
        CHECK(r.m->services.size() == 2);
        CHECK(r.m->services[0].endpoints.empty());
        CHECK(r.condition_of("HTTPRoute", "r", "default/gw", "ResolvedRefs") ==
              "True ResolvedRefs");
    }
    TEST_CASE("a Service that a route leads to and that reaches nobody is a warning, said once") {
        struct row {
            std::string service, more, said;
        };
        const std::string by_label = "  selector: {app: llm}\n  ports: [{port: 80}]\n";
        const std::string by_slice = "  ports: [{name: api, port: 80}]\n";
        const std::string off = "  conditions: [{type: Ready, status: \"False\"}]\n";
        for (const auto& c : {
                 row{"  ports: [{port: 80}]\n", "", "neither a selector nor an EndpointSlice"},
                 row{by_label, "", "no Pod in namespace default matches the selector"},
                 row{by_label, pod("a", "10.0.0.1", off), "none of the 1 Pods"},
                 row{"  selector: {app: llm}\n  ports: [{port: 80, targetPort: http}]\n",
                     pod("a", "10.0.0.1"),
                     "no Pod of Service default/web has an address and a "
                     "port http"},
                 row{by_slice, slice("{name: other, port: 1}", "- {addresses: [10.0.0.1]}\n"),
                     "have no address for its port 80"},
                 row{by_slice,
                     slice("{name: api, port: 1}",
                           "- {addresses: [10.0.0.1], conditions: {ready: false}}\n"),
                     "none of the 1 endpoints"},
             }) {
            const auto r = with(c.service, c.more);
            INFO(c.said << "\n" << r.troubles());
            CHECK(r.times("WEIR0355") == 1);
            CHECK(r.first("WEIR0355").level == severity::warning);
            CHECK(r.first("WEIR0355").message.find(c.said) != std::string::npos);
        }
        CHECK(with(by_label, pod("a", "10.0.0.1")).times("WEIR0355") == 0);
        // One that no route leads to may be anything, a picker's for example.
        CHECK(resolve_text(docs({gateway(http_listener()), service_doc("epp", by_label)}))
                  .times("WEIR0355") == 0);
    }
}
