#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

std::string picker(const std::string& name, const std::string& body = "plugins: []\n") {
    return "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n" +
           (name.empty() ? std::string() : "metadata: {name: " + name + "}\n") + body;
}
std::string in_map(const std::string& name, int copies = 1) {
    std::string data;
    for (int i = 0; i < copies; ++i) {
        data += "  k" + std::to_string(i) +
                ".yaml: |\n    apiVersion: inference.networking.x-k8s.io/v1alpha1\n"
                "    kind: EndpointPickerConfig\n    plugins: []\n";
    }
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name +
           "}\ndata:\n  other: just a text\n" + data;
}
const std::string with_ref =
    pool_doc("pool", "  endpointPickerRef: {name: epp, port: {number: 9002}}\n") + "---\n" +
    service_doc("epp", "  ports: [{port: 9002}]\n");

std::string origin(std::initializer_list<std::string> more, const std::string& flag = {}) {
    const auto r = resolve_files({docs({with_ref, docs(more)})}, {}, flag);
    CHECK_FALSE(r.found.has_errors());
    return r.m->pools.at(0).picker.root ? r.m->pools[0].picker.origin : "default";
}

}  // namespace

TEST_SUITE("config/resolve_pickers") {
    TEST_CASE("ConfigMap, named document, nameless document, flag, default: in this order") {
        const auto flag = picker("");
        CHECK(origin({in_map("epp"), picker("epp"), picker("")}, flag) == "configmap default/epp");
        CHECK(origin({in_map("another"), picker("epp"), picker("")}, flag) == "file f1.yaml");
        CHECK(origin({picker("another"), picker("")}, flag) == "file f1.yaml");
        CHECK(origin({picker("another")}, flag) == "<config-text>");
        CHECK(origin({picker("another")}) == "default");
    }
    TEST_CASE("a pool without a picker reference takes the nameless document or the flag") {
        const auto r =
            resolve_files({docs({pool_doc(), in_map("pool"), picker("pool"), picker("")})});
        CHECK(r.m->pools.at(0).picker.root != nullptr);
        CHECK_FALSE(r.m->pools[0].has_picker_ref);
        const auto none = resolve_files({docs({pool_doc(), in_map("pool")})});
        CHECK(none.m->pools.at(0).picker.root == nullptr);
    }
    TEST_CASE("two that fit equally are an error at both places") {
        for (const auto& two : {picker("") + "---\n" + picker(""),
                                picker("epp") + "---\n" + picker("epp"), in_map("epp", 2)}) {
            CAPTURE(two);
            const auto r = resolve_files({docs({with_ref, two})});
            CHECK(r.found.has_errors());
            CHECK(r.times(codes::ambiguous_picker_config) == 2);
            CHECK(r.first(codes::ambiguous_picker_config)
                      .note.starts_with("another one is at f1.yaml:"));
        }
    }
    TEST_CASE("two pools may have two configurations") {
        const auto r = resolve_files(
            {docs({pool_doc("a", "  endpointPickerRef: {name: epp-a, port: {number: 1}}\n"),
                   pool_doc("b", "  endpointPickerRef: {name: epp-b, port: {number: 1}}\n"),
                   picker("epp-a"), in_map("epp-b")})});
        CHECK(r.m->pools.at(0).picker.origin == "file f1.yaml");
        CHECK(r.m->pools.at(1).picker.origin == "configmap default/epp-b");
    }
    TEST_CASE("a flag that holds something else is an error") {
        const auto r = resolve_files({pool_doc()}, {}, "apiVersion: v1\nkind: ConfigMap\n");
        CHECK(r.times(codes::not_a_picker_config) == 1);
        CHECK(r.found.has_errors());
    }
    TEST_CASE("a file-discovery plugin replaces the Pods of its pool") {
        const auto doc = picker("",
                                "plugins:\n- {name: disc, type: file-discovery, parameters: {path: "
                                "/tmp/e.yaml, watchFile: true}}\n"
                                "dataLayer: {discovery: {pluginRef: disc}}\n");
        const auto r = resolve_files({docs({whole(), doc})});
        CHECK(r.m->pools.at(0).endpoints_file == "/tmp/e.yaml");
        CHECK(r.m->pools[0].watch_endpoints_file);
        CHECK(r.m->pools[0].endpoints.empty());
        CHECK(r.troubles() == "");
    }
    TEST_CASE("a staleness limit below the scrape period is told") {
        const auto doc = [](const std::string& limit) {
            return picker("",
                          "plugins:\n- {type: utilization-detector, parameters: "
                          "{metricsStalenessThreshold: " +
                              limit + "}}\n");
        };
        CHECK(resolve_files({docs({whole(), doc("10ms")})}).times(codes::stale_before_scraped) ==
              1);
        CHECK(resolve_files({docs({whole(), doc("200ms")})}).times(codes::stale_before_scraped) ==
              0);
    }
}
