#include "admin/dry_route.hpp"

#include <doctest/doctest.h>

#include "../gateway/support.hpp"

using namespace weir;
using namespace weir::admin;
using namespace weir::gateway::testing;

namespace {

config::backend_ref to(config::backend_kind kind, std::uint32_t index) {
    config::backend_ref out;
    out.target.kind = kind;
    out.target.index = index;
    return out;
}

/// Pool `default/a` behind `a.com`, both pools on `/v2`, a Service on `/plain`.
proxy::runtime two_pools() {
    auto one = route("one", {{prefix("/")}});
    one.rules[0].backends = {to(config::backend_kind::pool, 0)};
    one.rules[0].filters.request_headers.emplace();
    one.rules[0].filters.request_headers->set.push_back({"X-Objective", "batch"});
    auto two = route("two", {{prefix("/v2")}});
    two.rules[0].backends = {to(config::backend_kind::pool, 1)};
    auto plain = route("plain", {{prefix("/plain")}});
    plain.rules[0].backends = {to(config::backend_kind::service, 0)};
    proxy::runtime out;
    out.table = compile({one, two, plain}, {listener("l", "", {{0, {"a.com"}}, {1, {}}, {2, {}}})});
    out.pools.resize(2);
    out.pools[0].id = "default/a";
    out.pools[1].id = "default/b";
    return out;
}

dry_request ask(std::string path, std::string host = {}) {
    dry_request out;
    out.path = std::move(path);
    if (!host.empty()) out.headers.emplace_back("host", std::move(host));
    return out;
}

}  // namespace

TEST_SUITE("admin/dry_route") {
    TEST_CASE("a request goes to the pool that its route draws") {
        const auto current = two_pools();
        auto r = ask("/v2/completions?x=1");
        const auto found = find_route(current, r);
        CHECK(found.route == "default/two");
        CHECK(found.pool == &current.pools[1]);
    }
    TEST_CASE("without a host every hostname of a route is tried; with one only that") {
        const auto current = two_pools();
        auto r = ask("/v1/completions");
        CHECK(find_route(current, r).pool == &current.pools[0]);
        CHECK(r.header("x-objective") == "batch");  // the route's own filter set it
        auto other = ask("/v1/completions", "b.com");
        CHECK(
            find_route(current, other).problem ==
            "no route takes POST /v1/completions; \"pool\" must name one of the pools: default/a, "
            "default/b");
    }
    TEST_CASE("a route to a Service leads to no pool") {
        const auto current = two_pools();
        auto r = ask("/plain");
        CHECK(find_route(current, r).problem ==
              "HTTPRoute default/plain takes POST /plain and leads to no pool");
    }
    TEST_CASE("the only pool is meant where no route takes the request") {
        auto current = two_pools();
        current.pools.resize(1);
        auto r = ask("/v1", "b.com");
        const auto found = find_route(current, r);
        CHECK(found.route.empty());
        CHECK(found.pool == &current.pools[0]);
    }
    TEST_CASE("a pool is found by its name, and a near one is offered") {
        const auto current = two_pools();
        CHECK(find_pool(current, "b").pool == &current.pools[1]);
        CHECK(find_pool(current, "default/aa").problem ==
              "there is no pool default/aa; did you mean default/a?");
    }
}
