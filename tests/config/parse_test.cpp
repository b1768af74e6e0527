#include "config/parse.hpp"

#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/parse") {
    TEST_CASE("metadata is kept with places and defaults") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: {b: x, a: y}\n"
            "  annotations: {k: 5}\n  creationTimestamp: 2026-01-01T00:00:00Z\n");
        REQUIRE(reading::said(r.found) == "");
        const auto& m = r.all.pods.at(0).meta;
        CHECK(m.id() == "default/a");
        CHECK(m.at.start.line == 4);
        CHECK(m.labels == label_list{{"a", "y"}, {"b", "x"}});
        CHECK(m.annotations == label_list{{"k", "5"}});
        CHECK(m.created == "2026-01-01T00:00:00Z");
        CHECK(m.valid);
    }

    TEST_CASE("lists of any kind unpack, also inside of each other") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\nitems:\n"
            "- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
            "- {apiVersion: v1, kind: PodList, items: [{metadata: {name: p}}]}\n"
            "-\n---\napiVersion: v1\nkind: PodList\nitems: []\n");
        CHECK(reading::said(r.found) == "");
        CHECK(r.all.namespaces.size() == 1);
        CHECK(r.all.pods.size() == 1);
    }

    TEST_CASE("a list inside of itself without end is refused") {
        std::string text = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
        for (int i = 0; i < 6; ++i) text = "{apiVersion: v1, kind: List, items: [" + text + "]}";
        CHECK(reading::read(text).found.list().at(0).code == "WEIR0104");
    }

    TEST_CASE("the same object twice is an error, of two kinds or groups it is not") {
        const std::string pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
        auto r = reading::read(pod + "---\n" + pod);
        CHECK(reading::said(r.found) == "WEIR0224 7:18 Pod default/a is defined twice");
        CHECK(r.found.list()[0].note == "the first one is at test.yaml:3:18");
        CHECK(reading::read(pod + "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
                  .found.list()
                  .empty());
        CHECK(reading::read(pod +
                            "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n")
                  .found.list()
                  .empty());
    }

    TEST_CASE("a picker configuration keeps its tree alive") {
        std::shared_ptr<const node> root;
        {
            const auto r = reading::read(
                "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\nplugins:\n- type: a\n");
            REQUIRE(r.all.picker_configs.size() == 1);
            CHECK(r.all.picker_configs[0].meta.name.value.empty());
            root = r.all.picker_configs[0].root;
        }
        CHECK(reading::covered(root->get("plugins")->items.at(0).get("type")->at) == "a");
    }

    TEST_CASE("anchors and merge keys work across the objects of one document") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n"
            "    name: a\n    labels: &l {app: vllm}\n- apiVersion: v1\n  kind: Pod\n  metadata:\n"
            "    name: b\n    labels: {<<: *l, tier: x}\n");
        CHECK(reading::said(r.found) == "");
        CHECK(*find_label(r.all.pods.at(1).meta.labels, "app") == "vllm");
        CHECK(*find_label(r.all.pods.at(1).meta.labels, "tier") == "x");
    }

    TEST_CASE("all mistakes of all documents come in one pass") {
        const auto r = reading::read(
            "apiVersion: v1\nkind: Pod\nmetadata: {}\n---\na: [\n---\n"
            "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: P}\n"
            "spec: {selector: {matchLabels: {a: b}}, targetPorts: [{number: 0}], x: 1}\n");
        CHECK(r.found.count(severity::error) == 5);
    }
}
