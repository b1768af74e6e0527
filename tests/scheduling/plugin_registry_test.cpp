#include "scheduling/plugin_registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace weir;
using namespace weir::scheduling;

TEST_SUITE("scheduling/plugin_registry") {
    TEST_CASE("every type has a name of its own, words about it and a factory of this build") {
        std::set<std::string_view> names;
        for (const auto* type : built_in_plugin_types()) {
            CAPTURE(type->name);
            CHECK(names.insert(type->name).second);
            for (const auto alias : type->aliases) CHECK(names.insert(alias).second);
            CHECK_FALSE(type->summary.empty());
            CHECK((type->make != nullptr));
            CHECK(type->abi == plugin_abi);
            for (const auto& p : type->docs) {
                CHECK_FALSE(p.name.empty());
                CHECK_FALSE(p.meaning.empty());
                const std::set<std::string_view> types = {"int",      "float",  "bool", "string",
                                                          "duration", "object", "list"};
                CHECK(types.contains(p.type));
            }
        }
        CHECK(names.size() >= 58);
    }

    TEST_CASE("the reference's plugin types are all there") {
        for (const std::string_view name :
             {// profile handlers and deciders
              "single-profile-handler", "disagg-profile-handler", "disagg-headers-handler",
              "prefill-header-handler", "pd-profile-handler", "data-parallel-profile-handler",
              "header-profile-handler", "always-disagg-pd-decider",
              "always-disagg-multimodal-decider", "prefix-based-pd-decider",
              // filters
              "decode-filter", "prefill-filter", "encode-filter", "label-selector-filter",
              "by-label-selector", "by-label", "context-length-aware",
              "prefix-cache-affinity-filter", "slo-headroom-tier-filter", "utilization-filter",
              "endpoint-attribute-filter", "session-affinity-filter", "topology-affinity-filter",
              "utilization-detector", "concurrency-detector", "header-based-testing-filter",
              // scorers
              "queue-scorer", "running-requests-size-scorer", "kv-cache-utilization-scorer",
              "lora-affinity-scorer", "load-aware-scorer", "token-load-scorer",
              "active-request-scorer", "prefix-cache-scorer", "no-hit-lru-scorer", "latency-scorer",
              "session-affinity-scorer", "topology-affinity-scorer", "header-label-affinity-scorer",
              "endpoint-attribute-scorer", "mm-embeddings-cache-scorer",
              // pickers
              "max-score-picker", "random-picker", "weighted-random-picker",
              // producers
              "token-producer", "tokenizer", "approx-prefix-cache-producer",
              "inflight-load-producer", "mm-embeddings-cache-producer",
              "burst-prefix-cache-producer", "p2p-source-producer", "predicted-latency-producer",
              "session-id-producer", "agent-identity", "topology-extractor",
              // admitters, screeners, reporters
              "latency-slo-admitter", "probabilistic-admitter", "disaggregatedset-rollout-screener",
              "request-attribute-reporter", "destination-endpoint-served-verifier"}) {
            CAPTURE(name);
            CHECK(find_plugin_type(name) != nullptr);
        }
    }

    TEST_CASE("types are found by name and by alias, and listed for suggestions") {
        REQUIRE(find_plugin_type("tokenizer") != nullptr);
        CHECK(find_plugin_type("tokenizer") == find_plugin_type("token-producer"));
        CHECK(find_plugin_type("by-label-selector") == find_plugin_type("label-selector-filter"));
        CHECK(find_plugin_type("prefill-header-handler") ==
              find_plugin_type("disagg-headers-handler"));
        CHECK(find_plugin_type("queue") == nullptr);
        const auto names = plugin_type_names();
        CHECK(std::find(names.begin(), names.end(), "tokenizer") != names.end());
    }

    TEST_CASE("a name that is taken stays") {
        static const plugin_type again = {.name = "queue-scorer",
                                          .level = stability::beta,
                                          .summary = "x",
                                          .docs = {},
                                          .aliases = {},
                                          .make = nullptr};
        CHECK(add_plugin_type(&again) == find_plugin_type("queue-scorer"));
        CHECK(find_plugin_type("queue-scorer") != &again);
    }
}
