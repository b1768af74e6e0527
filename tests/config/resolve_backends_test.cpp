#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

resolved with_ref(const std::string& ref, const std::string& more = {}) {
    return resolve_text(
        docs({gateway(http_listener()),
              route_doc("r", parent() + "  rules: [{backendRefs: [{" + ref + "}]}]\n"), pool_doc(),
              pod("a", "10.0.0.1"), more}));
}
std::string refs(const resolved& r) {
    return r.condition_of("HTTPRoute", "r", "default/gw", "ResolvedRefs");
}
const backend_target& target(const resolved& r) {
    return r.m->routes.at(0).rules.at(0).backends.at(0).target;
}

const std::string pool_ref = "group: inference.networking.k8s.io, kind: InferencePool, ";
std::string grant(const std::string& group) {
    return "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: "
           "g, namespace: models}\nspec:\n"
           "  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]\n  "
           "to: [{group: " +
           group + ", kind: InferencePool}]\n";
}
std::string remote() {
    return pool_doc("far", "", "namespace: models") + "---\n" +
           pod("p", "10.0.0.2", "", "namespace: models");
}

}  // namespace

TEST_SUITE("config/resolve_backends") {
    TEST_CASE("a pool is found by group, namespace and name; its port does not matter") {
        const auto r = with_ref(pool_ref + "name: pool, port: 1234");
        CHECK(refs(r) == "True ResolvedRefs");
        CHECK(target(r).kind == backend_kind::pool);
        CHECK(r.m->pools.at(target(r).index).id() == "default/pool");
    }
    TEST_CASE(
        "a missing pool keeps its share, and the finding names the nearest one and the symptom") {
        const auto r = with_ref(pool_ref + "name: pol");
        CHECK(refs(r) == "False BackendNotFound");
        CHECK(target(r).reason == "BackendNotFound");
        CHECK(target(r).name == "default/pol");
        const auto f = r.first(codes::missing_pool);
        CHECK(f.level == severity::warning);
        CHECK(f.suggestion == "pool");
        CHECK(f.note == "the client sees 500 `fault filter abort` for this share of the traffic");
        CHECK(f.at.start.line == 15);
    }
    TEST_CASE("a pool of the other group, or of another namespace, is pointed at") {
        const auto group =
            with_ref("group: inference.networking.x-k8s.io, kind: InferencePool, name: pool");
        CHECK(refs(group) == "False BackendNotFound");
        CHECK(group.first(codes::missing_pool).help.find("inference.networking.k8s.io") !=
              std::string::npos);
        const auto space = with_ref(pool_ref + "name: far", remote());
        CHECK(refs(space) == "False BackendNotFound");
        CHECK(space.first(codes::missing_pool).help.find("namespace models") != std::string::npos);
    }
    TEST_CASE("another kind is invalid before anything else is asked") {
        CHECK(refs(with_ref("group: apps, kind: Deployment, name: x, namespace: models")) ==
              "False InvalidKind");
        const auto no_group = with_ref("kind: InferencePool, name: pool");
        CHECK(refs(no_group) == "False InvalidKind");
        CHECK(no_group.first(codes::invalid_kind)
                  .help.starts_with("an InferencePool needs `group: inference.networking.k8s.io`"));
    }
    TEST_CASE("another namespace needs a grant, whether or not the target exists") {
        const auto ref = pool_ref + "name: far, namespace: models";
        CHECK(refs(with_ref(ref, remote())) == "False RefNotPermitted");
        CHECK(refs(with_ref(ref)) == "False RefNotPermitted");
        CHECK(with_ref(ref, remote())
                  .first(codes::missing_grant)
                  .help.starts_with("add a ReferenceGrant in namespace models"));
        CHECK(refs(with_ref(ref, remote() + "---\n" + grant("inference.networking.x-k8s.io"))) ==
              "False RefNotPermitted");
        CHECK(refs(with_ref(ref, grant("inference.networking.k8s.io"))) == "False BackendNotFound");
        const auto granted =
            with_ref(ref, remote() + "---\n" + grant("inference.networking.k8s.io"));
        CHECK(refs(granted) == "True ResolvedRefs");
        CHECK(granted.m->pools.at(target(granted).index).id() == "models/far");
    }
    TEST_CASE("the route's own namespace written out needs none") {
        CHECK(refs(with_ref(pool_ref + "name: pool, namespace: default")) == "True ResolvedRefs");
    }
    TEST_CASE("a Service needs the port it is asked for") {
        const auto svc =
            service_doc("web", "  selector: {app: llm}\n  ports: [{port: 80, targetPort: 8000}]\n");
        const auto ok = with_ref("name: web, port: 80", svc);
        CHECK(refs(ok) == "True ResolvedRefs");
        CHECK(target(ok).kind == backend_kind::service);
        const auto wrong = with_ref("name: web, port: 8000", svc);
        CHECK(refs(wrong) == "False BackendNotFound");
        CHECK(wrong.first(codes::missing_service_port).suggestion == "80");
        CHECK(refs(with_ref("name: weeb, port: 80", svc)) == "False BackendNotFound");
        CHECK(with_ref("name: weeb, port: 80", svc).first(codes::missing_service).suggestion ==
              "web");
        CHECK(refs(with_ref("name: ext, port: 80",
                            service_doc("ext", "  type: ExternalName\n  externalName: a.com\n"))) ==
              "False BackendNotFound");
    }
    TEST_CASE("a protocol that weir does not speak is unsupported") {
        const auto speaks = [](const std::string& protocol) {
            return refs(with_ref(
                "name: web, port: 80",
                service_doc("web", "  ports: [{port: 80, appProtocol: " + protocol + "}]\n")));
        };
        CHECK(speaks("kubernetes.io/h2c") == "False UnsupportedProtocol");
        CHECK(speaks("http") == "True ResolvedRefs");
        CHECK(speaks("kubernetes.io/ws") == "True ResolvedRefs");
        const auto pool = resolve_text(
            docs({gateway(http_listener()), route_doc("r", parent() + to_pool("fast")),
                  pool_doc("fast", "  appProtocol: kubernetes.io/h2c\n"), pod("a", "10.0.0.1")}));
        CHECK(refs(pool) == "False UnsupportedProtocol");
    }
    TEST_CASE("an invalid mirror is dropped, said, and leaves the rule alone") {
        const auto r = resolve_text(docs(
            {gateway(http_listener()),
             route_doc("r", parent() + "  rules:\n  - filters:\n    - type: RequestMirror\n      "
                                       "requestMirror: {backendRef: {name: absent, port: 80}}\n"
                                       "    - type: RequestMirror\n      requestMirror: {percent: "
                                       "20, backendRef: {name: web, port: 80}}\n"
                                       "    backendRefs: [{group: inference.networking.k8s.io, "
                                       "kind: InferencePool, name: pool}]\n"),
             pool_doc(), pod("a", "10.0.0.1"),
             service_doc("web", "  selector: {app: llm}\n  ports: [{port: 80}]\n")}));
        CHECK(refs(r) == "False BackendNotFound");
        const auto& rule = r.m->routes.at(0).rules.at(0);
        REQUIRE(rule.filters.mirrors.size() == 1);
        CHECK(rule.filters.mirrors[0].fraction == doctest::Approx(0.2));
        CHECK(rule.filters.mirrors[0].target.kind == backend_kind::service);
        CHECK(r.first(codes::missing_service).note ==
              "requests are served as usual, and not mirrored there");
        CHECK(rule.backends.at(0).target.kind == backend_kind::pool);
    }
    TEST_CASE("a kind in the wrong case has a suggestion, a missing port one finding") {
        const auto with = [](const std::string& ref) {
            return resolve_text(
                docs({gateway(http_listener()),
                      route_doc("r", parent() + "  rules: [{backendRefs: [" + ref + "]}]\n"),
                      service_doc("web", "  ports: [{port: 80}]\n")}));
        };
        const auto r = with("{group: inference.networking.k8s.io, kind: inferencepool, name: p}");
        CHECK(r.first("WEIR0304").suggestion == "InferencePool");
        CHECK(r.first("WEIR0304").message ==
              "a backend cannot be of kind inferencepool of inference.networking.k8s.io");
        for (const auto* unread :
             {"kind: '*'", "kind: ''", "group: A.b", "namespace: Foo, port: 80"}) {
            const auto one = with(std::string("{name: other, ") + unread + "}");
            INFO(unread << one.troubles());
            CHECK(one.found.count(severity::error) == 1);
            CHECK(one.found.count(severity::warning) == 0);
        }
        const auto portless = with("{name: web}");
        CHECK(portless.times("WEIR0204") == 1);
        CHECK(portless.times("WEIR0305") == 0);
        CHECK(portless.condition_of("HTTPRoute", "r", "default/gw", "ResolvedRefs") ==
              "False BackendNotFound");
    }
}
