#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

std::string objective(const std::string& name, const std::string& spec,
                      const std::string& group = "inference.networking.x-k8s.io") {
    return "apiVersion: " + group +
           "/v1alpha2\nkind: InferenceObjective\nmetadata: {name: " + name + "}\nspec: {" + spec +
           "}\n";
}
std::string rewrite(const std::string& name, const std::string& rules,
                    const std::string& meta = {}) {
    return "apiVersion: llm-d.ai/v1alpha2\nkind: InferenceModelRewrite\nmetadata: {name: " + name +
           (meta.empty() ? "" : ", " + meta) + "}\nspec:\n  poolRef: {name: pool}\n  rules: [" +
           rules + "]\n";
}
std::string model_doc(const std::string& name, const std::string& spec,
                      const std::string& meta = {}) {
    return "apiVersion: inference.networking.x-k8s.io/v1alpha2\nkind: InferenceModel\nmetadata: "
           "{name: " +
           name + (meta.empty() ? "" : ", " + meta) + "}\nspec: {poolRef: {name: pool}, " + spec +
           "}\n";
}
std::string old_pool() {
    return "apiVersion: inference.networking.x-k8s.io/v1alpha2\nkind: InferencePool\nmetadata: "
           "{name: pool}\nspec:\n"
           "  selector: {app: llm}\n  targetPortNumber: 8000\n  extensionRef: {name: epp}\n";
}

}  // namespace

TEST_SUITE("config/resolve_pool_parts") {
    TEST_CASE("objectives of both groups give priorities, unset is 0") {
        const auto r =
            resolve_text(docs({whole(), objective("high", "priority: 10, poolRef: {name: pool}"),
                               objective("low", "priority: -1, poolRef: {name: pool}", "llm-d.ai"),
                               objective("none", "poolRef: {name: pool}")}));
        const auto& o = r.m->pools.at(0).objectives;
        CHECK(o.at("high") == 10);
        CHECK(o.at("low") == -1);
        CHECK(o.at("none") == 0);
        CHECK(r.troubles() == "");
        CHECK(r.condition_of("InferenceObjective", "high", "", "Accepted") == "True Accepted");
        CHECK(r.times(codes::negative_priority) == 1);
        CHECK(r.first(codes::negative_priority).level == severity::note);
    }
    TEST_CASE("an objective of another pool, or of a pool of another group, is ignored and told") {
        const auto missing = resolve_text(docs({whole(), objective("o", "poolRef: {name: pol}")}));
        CHECK(missing.condition_of("InferenceObjective", "o", "", "Accepted") == "False Pending");
        CHECK(missing.first(codes::pool_ref_missing).suggestion == "pool");
        const auto group =
            resolve_text(docs({old_pool(), objective("o", "poolRef: {name: pool}")}));
        CHECK(group.times(codes::pool_ref_group) == 1);
        CHECK(group.m->pools.at(0).objectives.empty());
        const auto fits = resolve_text(
            docs({old_pool(),
                  objective("o", "poolRef: {name: pool, group: inference.networking.x-k8s.io}")}));
        CHECK(fits.m->pools.at(0).objectives.size() == 1);
    }
    TEST_CASE("rewrites are flattened: exact before generic, oldest object, then list order") {
        const auto r = resolve_text(docs({
            whole(),
            rewrite("b",
                    "{targets: [{modelRewrite: any-b}]}, {matches: [{model: {value: m}}], targets: "
                    "[{modelRewrite: b1}]}"),
            rewrite("a",
                    "{matches: [{model: {value: m}}], targets: [{modelRewrite: a1}]}, {targets: "
                    "[{modelRewrite: any-a}]}"),
            rewrite("old",
                    "{matches: [{model: {value: m}}], targets: [{modelRewrite: x, weight: 3}, "
                    "{modelRewrite: y, weight: 1}]}",
                    "creationTimestamp: \"2024-01-01T00:00:00Z\""),
        }));
        std::vector<std::string> order;
        for (const auto& rule : r.m->pools.at(0).rewrites) order.push_back(rule.targets.at(0).name);
        CHECK(order == std::vector<std::string>{"x", "a1", "b1", "any-a", "any-b"});
        CHECK(r.m->pools[0].rewrites[0].resource == "old");
        CHECK(r.m->pools[0].rewrites[0].targets[0].weight == 3);
        CHECK(r.m->pools[0].rewrites[3].models.empty());
        CHECK(r.condition_of("InferenceModelRewrite", "old", "", "Accepted") == "True Accepted");
    }
    TEST_CASE("an InferenceModel that names no group means a pool of either group") {
        const auto newer = resolve_text(docs({whole(), model_doc("m", "modelName: m")}));
        CHECK(newer.m->pools.at(0).models.size() == 1);
        CHECK(newer.troubles() == "");
        const auto stray = resolve_text(
            "apiVersion: inference.networking.x-k8s.io/v1alpha2\nkind: InferenceModel\nmetadata: "
            "{name: m}\nspec: {modelName: m, poolRef: {name: pool, group: "
            "inference.networking.x-k8s.io}}\n---\n" +
            whole());
        CHECK(stray.m->pools.at(0).models.empty());
        CHECK(stray.times(codes::pool_ref_group) == 1);
    }
    TEST_CASE("of two InferenceModels with one name the oldest wins, the other is told") {
        const auto r = resolve_text(docs({
            old_pool(),
            pod("a", "10.0.0.1"),
            service_doc("epp", "  ports: [{port: 9002}]\n"),
            model_doc("young", "modelName: m, criticality: Sheddable",
                      "creationTimestamp: \"2025-01-01T00:00:00Z\""),
            model_doc("old",
                      "modelName: m, criticality: Critical, targetModels: [{name: t, weight: 1}]",
                      "creationTimestamp: \"2024-01-01T00:00:00Z\""),
            model_doc("other", "modelName: n"),
        }));
        const auto& models = r.m->pools.at(0).models;
        REQUIRE(models.size() == 2);
        CHECK(models[0].level == criticality::critical);
        CHECK(models[0].targets.at(0).name == "t");
        CHECK(models[1].level == criticality::standard);
        CHECK(r.condition_of("InferenceModel", "young", "", "Accepted") == "False ModelNameInUse");
        CHECK(r.condition_of("InferenceModel", "old", "", "Accepted") == "True Accepted");
        CHECK(r.times(codes::model_name_in_use) == 1);
    }
}
