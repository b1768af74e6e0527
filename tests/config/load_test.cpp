#include "config/load.hpp"

#include <doctest/doctest.h>

#include "../support/temporary.hpp"
#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

load_options with_file(const temporary_file& f) {
    load_options options;
    options.filenames = {f.path()};
    return options;
}

}  // namespace

TEST_SUITE("config/load") {
    TEST_CASE("a complete file becomes a model that knows its sources") {
        const temporary_file f(
            docs({whole(),
                  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\n"}));
        const auto r = load(with_file(f));
        REQUIRE(r.value != nullptr);
        CHECK(r.value->sources == std::vector<std::string>{f.path()});
        CHECK(r.skipped == std::vector<std::string>{"Deployment n/d"});
        CHECK(r.value->listeners.size() == 1);
        CHECK(r.found.list().empty());
    }
    TEST_CASE("warnings let it through, errors do not") {
        const temporary_file warned(
            docs({gateway(http_listener()), route_doc("r", parent() + to_pool("nope"))}));
        CHECK(load(with_file(warned)).value != nullptr);
        const temporary_file broken("kind: Gateway\n  bad: [\n");
        const auto r = load(with_file(broken));
        CHECK_FALSE(r.servable());
        CHECK(r.found.has_errors());
    }
    TEST_CASE("a usage mistake has no model") {
        const temporary_file f(docs({pool_doc("a"), pool_doc("b")}));
        auto options = with_file(f);
        options.endpoints = {"http://x:1"};
        const auto r = load(options);
        CHECK_FALSE(r.servable());
        CHECK_FALSE(r.usage_error.empty());
    }
    TEST_CASE("the picker flags are read, and a missing file is an error") {
        const temporary_file f(whole());
        auto options = with_file(f);
        options.config_text =
            "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\nplugins: []\n";
        const auto r = load(options);
        REQUIRE(r.value != nullptr);
        CHECK(r.value->pools.at(0).picker.origin == "<config-text>");
        options.config_text.clear();
        options.config_file = "/nowhere/picker.yaml";
        CHECK(load(options).found.has_errors());
    }
    TEST_CASE("ten thousand routes are resolved") {
        std::string all = docs({gateway(http_listener()), pool_doc(), pod("a", "10.0.0.1")});
        for (int i = 0; i < 10000; ++i) {
            const auto n = std::to_string(i);
            all += "---\n" +
                   route_doc("r" + n, parent() + "  rules: [{matches: [{path: {value: /p" + n +
                                          "}}], backendRefs: [{group: inference.networking.k8s.io, "
                                          "kind: InferencePool, name: pool}]}]\n");
        }
        const temporary_file f(all);
        const auto r = load(with_file(f));
        REQUIRE(r.value != nullptr);
        CHECK(r.value->routes.size() == 10000);
        CHECK(r.value->listeners.at(0).routes.size() == 10000);
        CHECK(r.found.list().empty());
    }
}
