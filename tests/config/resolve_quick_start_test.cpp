#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

load_options endpoints(std::vector<std::string> urls) {
    load_options options;
    options.endpoints = std::move(urls);
    return options;
}
load_options files(std::vector<std::string> paths) {
    load_options options;
    options.endpoints_files = std::move(paths);
    return options;
}

}  // namespace

TEST_SUITE("config/resolve_quick_start") {
    TEST_CASE("--endpoint forms default/default behind a catch-all on --listen") {
        const auto r = resolve_files({}, endpoints({"http://127.0.0.1:8001", "http://gpu:8002/",
                                                    "http://[::1]:8003", "http://plain"}));
        CHECK(r.usage_error.empty());
        REQUIRE(r.m->pools.size() == 1);
        const auto& p = r.m->pools[0];
        CHECK(p.id() == "default/default");
        CHECK_FALSE(p.has_picker_ref);
        REQUIRE(p.endpoints.size() == 4);
        CHECK(p.endpoints[0].host == "127.0.0.1");
        CHECK(p.endpoints[0].ports == std::vector<std::uint16_t>{8001});
        CHECK(p.endpoints[1].host == "gpu");
        CHECK(p.endpoints[2].host == "::1");
        CHECK(p.endpoints[3].ports == std::vector<std::uint16_t>{80});
        REQUIRE(r.m->listeners.size() == 1);
        CHECK(r.m->listeners[0].bind_port == 8080);
        CHECK(r.m->listeners[0].logical_port == 8080);
        const auto& rule = r.m->routes.at(r.m->listeners[0].routes.at(0).route).rules.at(0);
        CHECK(rule.matches.at(0).path_value == "/");
        CHECK(rule.backends.at(0).target.kind == backend_kind::pool);
        CHECK(r.troubles() == "");
    }
    TEST_CASE("an endpoint given twice is one endpoint, and told") {
        const auto r = resolve_files({}, endpoints({"http://a:1", "http://a:1/"}));
        CHECK(r.m->pools.at(0).endpoints.size() == 1);
        CHECK(r.times(codes::endpoint_twice) == 1);
    }
    TEST_CASE("with files they replace the endpoints of the only pool and leave its routes alone") {
        const auto r = resolve_text(whole(), endpoints({"http://127.0.0.1:8001"}));
        REQUIRE(r.m->pools.size() == 1);
        CHECK(r.m->pools[0].id() == "default/pool");
        REQUIRE(r.m->pools[0].endpoints.size() == 1);
        CHECK(r.m->pools[0].endpoints[0].host == "127.0.0.1");
        CHECK(r.m->routes.size() == 1);
        CHECK(r.m->listeners.size() == 1);
        CHECK(r.troubles() == "");
    }
    TEST_CASE("with several pools they are a usage mistake that names them") {
        const auto file = docs({pool_doc("a"), pool_doc("b")});
        CHECK(resolve_text(file, endpoints({"http://x:1"})).usage_error ==
              "--endpoint replaces the endpoints of the only InferencePool, but the files define "
              "2: default/a, default/b; name one "
              "with --endpoints-file POOL=PATH, or with --pool-name");
        CHECK(resolve_text(file, files({"/tmp/e.yaml"}))
                  .usage_error.starts_with("--endpoints-file replaces"));
        auto chosen = endpoints({"http://x:1"});
        chosen.pool_name = "b";
        CHECK(resolve_text(file, chosen).usage_error.empty());
    }
    TEST_CASE("POOL=PATH names a pool, by name or by namespace and name") {
        const auto file =
            docs({pool_doc("a"), pool_doc("b"), pool_doc("b", "", "namespace: other")});
        const auto r = resolve_text(file, files({"a=/tmp/a.yaml", "other/b=/tmp/b.yaml"}));
        CHECK(r.usage_error.empty());
        CHECK(r.m->pools.at(0).endpoints_file == "/tmp/a.yaml");
        CHECK(r.m->pools.at(1).endpoints_file.empty());
        CHECK(r.m->pools.at(2).endpoints_file == "/tmp/b.yaml");
        CHECK(resolve_text(file, files({"b=/tmp/x"})).usage_error.find("several InferencePools") !=
              std::string::npos);
        CHECK(resolve_text(file, files({"c=/tmp/x"})).usage_error ==
              "--endpoints-file c=/tmp/x: no file defines InferencePool c; there is default/a, "
              "default/b, other/b");
    }
    TEST_CASE("a second endpoints file for a pool is a mistake that names both") {
        const auto file = docs({pool_doc("a"), pool_doc("b")});
        const std::string for_a =
            "--endpoints-file is given twice for InferencePool default/a: x.yaml and y.yaml";
        CHECK(resolve_text(file, files({"a=x.yaml", "a=y.yaml"})).usage_error == for_a);
        CHECK(resolve_text(file, files({"a=x.yaml", "default/a=y.yaml"})).usage_error == for_a);
        CHECK(resolve_text(file, files({"a=x.yaml", "b=y.yaml"})).usage_error.empty());
        CHECK(resolve_text(pool_doc("a"), files({"y.yaml", "a=x.yaml"})).usage_error == for_a);
        CHECK(resolve_files({}, files({"x", "y"})).usage_error ==
              "--endpoints-file is given twice for InferencePool default/default: x and y");
    }
    TEST_CASE(
        "a plain endpoints file forms the default pool; a path with = in a folder is a path") {
        const auto r = resolve_files({}, files({"./x=y/e.yaml"}));
        CHECK(r.usage_error.empty());
        CHECK(r.m->pools.at(0).endpoints_file == "./x=y/e.yaml");
        CHECK(r.m->listeners.size() == 1);
    }
    TEST_CASE("files with a pool but no route get the catch-all too") {
        const auto r = resolve_text(pool_doc(), endpoints({"http://x:1"}));
        REQUIRE(r.m->listeners.size() == 1);
        CHECK(r.m->routes.size() == 1);
        CHECK(r.m->pools.at(0).id() == "default/pool");
        CHECK(r.troubles() == "");
    }
    TEST_CASE("--pool-name that names another pool keeps the listener and answers for nobody") {
        auto options = endpoints({"http://x:1"});
        options.pool_name = "nope";
        const auto r = resolve_files({}, options);
        CHECK(r.m->missing_pool == "default/nope");
        CHECK(r.m->pools.empty());
        REQUIRE(r.m->listeners.size() == 1);
        CHECK(r.m->routes.at(0).rules.at(0).backends.at(0).target.kind == backend_kind::invalid);
        options.pool_name = "default";
        CHECK(resolve_files({}, options).m->missing_pool.empty());
    }
}
