#include "scheduling/settings_types.hpp"

#include <set>

#include "plugin_fixture.hpp"
#include "scheduling/plugin_registry.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/settings_types") {
    TEST_CASE("every type has a name that no plugin has") {
        std::set<std::string_view> names;
        for (const auto& t : settings_types()) {
            CAPTURE(t.name);
            CHECK(names.insert(t.name).second);
            CHECK(find_plugin_type(t.name) == nullptr);
            CHECK(find_settings_type(t.name) == &t);
        }
        CHECK(find_settings_type("queue-scorer") == nullptr);
    }

    TEST_CASE("the reference's sources, extractors, policies and parsers are all there") {
        for (const auto* name : {"metrics-data-source",
                                 "models-data-source",
                                 "dcgm-data-source",
                                 "endpoint-notification-source",
                                 "k8s-notification-source",
                                 "multicluster-metrics-data-source",
                                 "core-metrics-extractor",
                                 "models-data-extractor",
                                 "model-server-protocol-models",
                                 "dcgm-extractor",
                                 "multicluster-metrics-extractor",
                                 "file-discovery",
                                 "multicluster-file-discovery",
                                 "global-strict-fairness-policy",
                                 "round-robin-fairness-policy",
                                 "program-aware-fairness",
                                 "fcfs-ordering-policy",
                                 "edf-ordering-policy",
                                 "slo-deadline-ordering-policy",
                                 "static-usage-limit-policy",
                                 "priority-holdback-policy",
                                 "soft-reflective-ceiling-policy",
                                 "sheddable-eviction-filter",
                                 "priority-then-time-eviction-order-policy",
                                 "openai-parser",
                                 "anthropic-parser",
                                 "vllmhttp-parser",
                                 "vllmgrpc-parser",
                                 "sglanghttp-parser",
                                 "vertexai-parser",
                                 "passthrough-parser"}) {
            CAPTURE(name);
            CHECK(find_settings_type(name) != nullptr);
        }
    }

    TEST_CASE("parameters are checked like those of plugins") {
        const auto errors = [](const std::string& type, const std::string& parameters) {
            return errors_in("plugins: [{type: " + type + ", parameters: " + parameters + "}]\n");
        };
        CHECK(errors("metrics-data-source", "{scheme: ftp}").find("unsupported scheme \"ftp\"") !=
              std::string::npos);
        CHECK(errors("metrics-data-source", "{interval: 5}").find("invalid duration \"5\"") !=
              std::string::npos);
        CHECK(errors("metrics-data-source", "{interval: -1s}")
                  .find("interval must not be negative") != std::string::npos);
        CHECK(errors("file-discovery", "{}").find("'path' parameter is required") !=
              std::string::npos);
        CHECK(errors("core-metrics-extractor",
                     "{engineConfigs: [{name: a, queuedRequestsSpec: 'q{b'}]}")
                  .find("queuedRequestsSpec: \"q{b\" has no closing brace") != std::string::npos);
        CHECK(errors("core-metrics-extractor",
                     "{engineConfigs: [{name: a, customMetrics: [{attributeKey: A, "
                     "metricSpec: 'q{b}'}]}]}")
                  .find("metricSpec: \"b\" is not label=value") != std::string::npos);
        CHECK(errors("core-metrics-extractor", "{defaultEngine: vlm}")
                  .find("default engine \"vlm\" not found") != std::string::npos);
        CHECK(errors("core-metrics-extractor", "{defaultEngine: a, engineConfigs: [{name: a}]}")
                  .empty());
        CHECK(errors("core-metrics-extractor", "{engineConfigs: [{queuedRequestsSpec: q}]}")
                  .find("an engine needs a name") != std::string::npos);
        CHECK(errors("core-metrics-extractor",
                     "{engineConfigs: [{name: a, customMetrics: [{metricSpec: q}]}]}")
                  .find("attributeKey is required") != std::string::npos);
        CHECK(errors("priority-holdback-policy", "{minCeiling: 0.9, maxCeiling: 0.5}")
                  .find("maxCeiling must be greater than minCeiling") != std::string::npos);
        CHECK(errors("program-aware-fairness", "{halfLifeSeconds: 0}").find("must be > 0") !=
              std::string::npos);
        CHECK(errors("openai-parser", "{anything: 1}") == "");
    }
}
