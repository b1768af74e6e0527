#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/inference_model") {
    TEST_CASE("an objective has a priority of 0 unless it says otherwise, in both groups") {
        for (const std::string group : {"llm-d.ai", "inference.networking.x-k8s.io"}) {
            const auto head = "apiVersion: " + group +
                              "/v1alpha2\nkind: InferenceObjective\nmetadata: {name: o}\nspec: {";
            const auto none = reading::read(head + "poolRef: {name: p}}\n");
            CHECK(none.all.objectives.at(0).priority.value == 0);
            CHECK_FALSE(none.all.objectives[0].priority_given);
            CHECK(none.all.objectives[0].pool_ref.group.value == "inference.networking.k8s.io");
            CHECK(none.all.objectives[0].pool_ref.kind.value == "InferencePool");
            CHECK(reading::read(head + "priority: -2147483648, poolRef: {name: p}}\n")
                      .all.objectives.at(0)
                      .priority.value == INT32_MIN);
        }
    }

    TEST_CASE("a rewrite rule without matches is for every model") {
        const auto r = reading::read(R"(apiVersion: llm-d.ai/v1alpha2
kind: InferenceModelRewrite
metadata: {name: w, creationTimestamp: "2026-01-02T03:04:05Z"}
spec:
  poolRef: {name: p}
  rules:
  - matches: [{model: {value: a}}, {model: {type: Exact, value: b}}]
    targets: [{modelRewrite: x, weight: 1}, {modelRewrite: y, weight: 3}]
  - targets: [{modelRewrite: z}]
)");
        REQUIRE(reading::said(r.found) == "");
        const auto& w = r.all.model_rewrites.at(0);
        CHECK(w.meta.created == "2026-01-02T03:04:05Z");
        CHECK(w.rules.at(0).models.size() == 2);
        CHECK(w.rules[0].targets.at(1).weight->value == 3);
        CHECK(w.rules.at(1).models.empty());
        CHECK_FALSE(w.rules[1].targets.at(0).weight.has_value());
    }

    TEST_CASE("an InferenceModel's pool is of the older group by default") {
        const auto r = reading::read(
            "apiVersion: inference.networking.x-k8s.io/v1alpha2\nkind: InferenceModel\n"
            "metadata: {name: m}\nspec: {modelName: llama, criticality: Sheddable,"
            " poolRef: {name: p}, targetModels: [{name: a}, {name: b}]}\n");
        REQUIRE(reading::said(r.found) == "");
        const auto& m = r.all.inference_models.at(0);
        CHECK(m.level->value == criticality::sheddable);
        CHECK(m.pool_ref.group.value == "inference.networking.x-k8s.io");
        CHECK(m.targets.size() == 2);
    }
}
