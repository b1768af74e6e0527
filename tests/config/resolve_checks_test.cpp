#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

const std::string ref =
    "backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: pool}]";

resolved with_rules(const std::string& rules, const std::string& more = {}) {
    return resolve_text(
        docs({gateway(http_listener()), route_doc("r", parent() + "  rules:\n" + rules), pool_doc(),
              pod("a", "10.0.0.1"), more}));
}
std::string rule(const std::string& match) {
    return "  - {matches: [{" + match + "}], " + ref + "}\n";
}

}  // namespace

TEST_SUITE("config/resolve_checks") {
    TEST_CASE("a match that stands twice is told at the one that loses") {
        const auto r = with_rules(rule("path: {value: /a}") + rule("path: {value: /a/}"));
        REQUIRE(r.times(codes::duplicate_match) == 1);
        CHECK(r.first(codes::duplicate_match).at.start.line == 17);
        CHECK(r.first(codes::duplicate_match)
                  .help.starts_with("HTTPRoute default/r, rule 1 (f1.yaml:16)"));
        CHECK(with_rules(rule("path: {value: /a}") + rule("path: {type: Exact, value: /a}"))
                  .times(codes::duplicate_match) == 0);
        CHECK(with_rules(rule("path: {value: /a}") + rule("path: {value: /a}, method: GET"))
                  .times(codes::duplicate_match) == 0);
        CHECK(with_rules(rule("headers: [{name: X, value: \"1\"}, {name: y, value: \"2\"}]") +
                         rule("headers: [{name: Y, value: \"2\"}, {name: x, value: \"1\"}]"))
                  .times(codes::duplicate_match) == 1);
    }
    TEST_CASE("between routes the younger, then the later name loses") {
        const auto r =
            with_rules(rule("path: {value: /a}"),
                       route_doc("a", parent() + "  rules:\n" + rule("path: {value: /a}")));
        REQUIRE(r.times(codes::duplicate_match) == 1);
        CHECK(r.first(codes::duplicate_match).help.starts_with("HTTPRoute default/a"));
        const auto apart = with_rules(rule("path: {value: /a}"),
                                      route_doc("a", parent() + "  hostnames: [a.com]\n  rules:\n" +
                                                         rule("path: {value: /a}")));
        CHECK(apart.times(codes::duplicate_match) == 0);
    }
    TEST_CASE("a prefix behind a pattern that takes all is shadowed") {
        const auto r = with_rules(rule("path: {type: RegularExpression, value: \"/.*\"}") +
                                  rule("path: {value: /a}"));
        CHECK(r.times(codes::shadowed_match) == 1);
        CHECK(with_rules(rule("path: {type: RegularExpression, value: \"/.*\"}") +
                         rule("path: {type: Exact, value: /a}"))
                  .times(codes::shadowed_match) == 0);
        CHECK(with_rules(rule("path: {type: RegularExpression, value: \"/.*\"}, method: GET") +
                         rule("path: {value: /a}"))
                  .times(codes::shadowed_match) == 0);
    }
    TEST_CASE("a pool that no route leads to is told") {
        const auto r = resolve_text(docs({whole(), pool_doc("lonely")}));
        CHECK(r.times(codes::pool_without_route) == 1);
        CHECK(r.first(codes::pool_without_route).note == "the client sees 404");
        const auto refused = resolve_text(docs(
            {gateway(http_listener()), route_doc("r", parent() + to_pool("pool", "namespace: far")),
             pool_doc("pool", "", "namespace: far"), pod("a", "10.0.0.1", "", "namespace: far")}));
        CHECK(refused.times(codes::pool_without_route) == 0);
        CHECK(refused.times(codes::missing_grant) == 1);
    }
    TEST_CASE("an endpoint that is weir's own listener, or stands twice, is told") {
        load_options options;
        options.port_map = {{80, 8000}};
        const auto loop =
            resolve_text(docs({gateway(http_listener()), route_doc("r", parent() + to_pool()),
                               pool_doc(), pod("a", "127.0.0.1"), pod("b", "127.0.0.2")}),
                         options);
        CHECK(loop.times(codes::endpoint_is_listener) == 1);
        CHECK(loop.first(codes::endpoint_is_listener).message ==
              "endpoint 127.0.0.1:8000 is weir's own listener default/gw/http");
        CHECK(loop.m->pools[0].endpoints[0].ports == std::vector<std::uint16_t>{0});
        CHECK(loop.m->pools[0].endpoints[1].ports == std::vector<std::uint16_t>{8000});
        const auto twice = resolve_text(docs({whole(), pod("b", "10.0.0.1")}));
        CHECK(twice.times(codes::endpoint_twice) == 1);
        CHECK(twice.first(codes::endpoint_twice).at.start.line > 1);
    }
    TEST_CASE("a complete set has no finding at all") {
        CHECK(resolve_text(whole()).found.list().empty());
    }
}
