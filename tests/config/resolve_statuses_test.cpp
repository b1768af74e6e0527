#include <doctest/doctest.h>

#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

std::string accepted(const resolved& r) {
    return r.condition_of("InferencePool", "pool", "default/gw", "Accepted");
}

}  // namespace

TEST_SUITE("config/resolve_statuses") {
    TEST_CASE("a pool has one parent a Gateway through which routes reach it") {
        const auto r = resolve_text(
            docs({gateway(http_listener("http", "hostname: a.com")),
                  gateway(http_listener("http", "hostname: b.com"), "gw2"),
                  route_doc("r", "  parentRefs: [{name: gw}, {name: gw2}]\n" + to_pool()),
                  pool_doc(), pod("a", "10.0.0.1")}));
        CHECK(accepted(r) == "True Accepted");
        CHECK(r.condition_of("InferencePool", "pool", "default/gw2", "Accepted") ==
              "True Accepted");
        CHECK(
            r.status_of("InferencePool", "pool")
                .starts_with(
                    R"({"parents":[{"parentRef":{"group":"gateway.networking.k8s.io","kind":"Gateway","namespace":"default","name":"gw"},)"
                    R"("controllerName":"weir.dev/gateway","conditions":[{"type":"Accepted","status":"True","reason":"Accepted")"));
    }
    TEST_CASE(
        "a pool whose route is not accepted is not accepted either; without a route it has no "
        "parent") {
        const auto refused =
            resolve_text(docs({gateway(http_listener("http", "hostname: a.com")),
                               route_doc("r", parent() + "  hostnames: [b.com]\n" + to_pool()),
                               pool_doc(), pod("a", "10.0.0.1")}));
        CHECK(accepted(refused) == "False HTTPRouteNotAccepted");
        CHECK(resolve_text(pool_doc()).status_of("InferencePool", "pool") == R"({"parents":[]})");
    }
    TEST_CASE("kinds come in a fixed order with apiVersion, namespace and name") {
        const auto r = resolve_text(whole());
        std::vector<std::string> seen;
        for (const auto& s : r.m->statuses)
            seen.push_back(s.api_version + " " + s.kind + " " + s.name_space + "/" + s.name);
        CHECK(seen == std::vector<std::string>{
                          "gateway.networking.k8s.io/v1 Gateway default/gw",
                          "gateway.networking.k8s.io/v1 HTTPRoute default/r",
                          "inference.networking.k8s.io/v1 InferencePool default/pool"});
    }
}
