#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/settings_builder") {
    TEST_CASE("flow control is read with its defaults") {
        const auto made = load_ok(document_of(R"(featureGates: [flowControl]
plugins:
- {name: rr, type: round-robin-fairness-policy}
- {name: hold, type: priority-holdback-policy, parameters: {minCeiling: 0.5, domain: value}}
- {name: full, type: concurrency-detector, parameters: {maxConcurrency: 7, concurrencyMode: hybrid}}
- type: queue-scorer
flowControl:
  maxBytes: 1Gi
  maxRequests: 1k
  defaultRequestTTL: 30s
  priorityBands:
  - {priority: 10, maxBytes: 500M, fairnessPolicyRef: rr, orderingPolicyRef: edf-ordering-policy}
  - {priority: -1, maxRequests: 5}
  defaultPriorityBand: {maxRequests: 9}
  usageLimitPolicyPluginRef: hold
  saturationDetector: {pluginRef: full}
  enableEviction: true
)"));
        const auto& f = made->settings().flow;
        CHECK(f.max_bytes == 1073741824);
        CHECK(f.max_requests == 1000);
        CHECK(f.default_request_ttl == 30s);
        CHECK_FALSE(f.no_endpoint_request_ttl.has_value());
        REQUIRE(f.bands.size() == 2);
        CHECK(f.bands[0].priority == 10);
        CHECK(f.bands[0].max_bytes == 500000000);
        CHECK(f.bands[0].max_requests == 5000);
        CHECK(f.bands[0].fairness.policy == config::fairness_policy::round_robin);
        CHECK(f.bands[0].fairness.name == "rr");
        CHECK(f.bands[0].ordering.policy == config::ordering_policy::edf);
        CHECK(f.bands[1].max_bytes == 1000000000);
        CHECK(f.bands[1].max_requests == 5);
        REQUIRE(f.default_band.has_value());
        CHECK(f.default_band->max_requests == 9);
        CHECK_FALSE(f.default_negative_band.has_value());
        CHECK(f.usage_limit.policy == config::usage_limit_policy::priority_holdback);
        CHECK(f.usage_limit.min_ceiling == 0.5);
        CHECK(f.usage_limit.domain == config::holdback_domain::value);
        CHECK(f.enable_eviction);
        const auto& d = made->settings().detector;
        CHECK(d.kind == config::detector_kind::concurrency);
        CHECK(d.name == "full");
        CHECK(d.max_concurrency == 7);
        CHECK(d.mode == config::concurrency_mode::hybrid);
    }

    TEST_CASE("flow control's mistakes are at their values") {
        const auto l = load_text(document_of(R"(featureGates: [flowControl]
plugins: [{type: queue-scorer}]
flowControl:
  maxBytes: -1
  defaultRequestTTL: 30
  maxRequests: lots
  priorityBands: [{priority: 1}, {priority: 1}, {priority: 2, fairnessPolicyRef: queue-scorer}]
)"));
        CHECK(l.all() ==
              "WEIR0414 6:13 failed to load flow control config: flowControl.maxBytes must be "
              "non-negative, got -1\n"
              "WEIR0414 8:16 failed to load flow control config: flowControl.maxRequests: "
              "quantities must be a number "
              "with an optional suffix\n"
              "WEIR0414 7:22 failed to load flow control config: flowControl.defaultRequestTTL: "
              "time: invalid duration "
              "\"30\"\n"
              "WEIR0414 9:45 failed to load flow control config: duplicate priority level 1 in "
              "priorityBands\n"
              "WEIR0413 9:82 failed to load flow control config: plugin \"queue-scorer\" does not "
              "implement "
              "FairnessPolicy\n");
    }

    TEST_CASE("a flowControl section without its gate warns and its detector counts") {
        const auto l = load_text(
            document_of("plugins: [{type: queue-scorer}]\nflowControl: {maxRequests: 5}\n"));
        CHECK(l.made != nullptr);
        REQUIRE(l.first(config::severity::warning) != nullptr);
        CHECK(l.first(config::severity::warning)->code == "WEIR0422");
        const auto only =
            load_text(document_of("plugins: [{type: queue-scorer}]\nflowControl: "
                                  "{saturationDetector: {pluginRef: utilization-detector}}\n"));
        CHECK(only.first(config::severity::warning) == nullptr);
        CHECK(only.made->settings().detector.kind == config::detector_kind::utilization);
    }

    TEST_CASE("a configured utilization-detector replaces the guide's rule") {
        const auto made =
            load_ok(document_of("plugins:\n- type: queue-scorer\n- type: utilization-detector\n"
                                "  parameters: {queueDepthThreshold: 9, kvCacheUtilThreshold: 1, "
                                "metricsStalenessThreshold: 1m30s}\n"));
        const auto& d = made->settings().detector;
        CHECK(d.kind == config::detector_kind::utilization);
        CHECK(d.queue_depth_threshold == 9);
        CHECK(d.kv_cache_util_threshold == 1);
        CHECK(d.metrics_staleness_threshold == 90s);
        CHECK(
            error_of("plugins: [{type: queue-scorer}]\nsaturationDetector: {pluginRef: nope}\n") ==
            "WEIR0407 4:33 saturation detector references undefined plugin 'nope'");
        CHECK(error_of("plugins: [{type: queue-scorer}]\nsaturationDetector: {pluginRef: "
                       "queue-scorer}\n") ==
              "WEIR0413 4:33 plugin 'queue-scorer' is not a fwkfc.SaturationDetector");
    }

    TEST_CASE("parsers, sources, extractors, engines and discovery") {
        const auto made = load_ok(document_of(R"(plugins:
- type: queue-scorer
- {name: scrape, type: metrics-data-source, parameters: {path: /m, port: 9400, scheme: https, interval: 1s}}
- type: core-metrics-extractor
  parameters:
    defaultEngine: mine
    engineConfigs:
    - {name: mine, queuedRequestsSpec: q, customMetrics: [{attributeKey: temp, metricSpec: "t{a=b}"}]}
- {type: file-discovery, parameters: {path: /tmp/e.yaml, watchFile: true}}
dataLayer:
  sources: [{pluginRef: scrape, extractors: [{pluginRef: core-metrics-extractor}]}]
  discovery: {pluginRef: file-discovery}
requestHandler: {parsers: [{pluginRef: passthrough-parser}]}
)"));
        const auto& d = made->settings().data_layer;
        // A renamed metrics source is not recognised, so that a second one is injected, as in the
        // reference.
        REQUIRE(d.sources.size() == 2);
        CHECK(d.sources[0].path == "/m");
        CHECK(d.sources[0].port == 9400);
        CHECK(d.sources[0].interval == 1s);
        CHECK(d.default_engine == "mine");
        REQUIRE(d.engines.size() == 1);
        CHECK(d.engines[0].custom_metrics[0].metric_spec == "t{a=b}");
        CHECK(d.discovery.path == "/tmp/e.yaml");
        CHECK(d.discovery.watch);
        CHECK(made->settings().parsers == std::vector{config::parser_kind::passthrough});
        CHECK(error_of("plugins: [{type: queue-scorer}]\nrequestHandler: {parsers: [{pluginRef: "
                       "opnai-parser}]}\n") ==
              "WEIR0407 4:40 parser references undefined plugin 'opnai-parser'");
        CHECK(error_of("plugins: [{type: queue-scorer}]\ndataLayer: {sources: [{pluginRef: "
                       "queue-scorer}]}\n")
                  .find("the plugin queue-scorer is not a fwkdl.DataSource") != std::string::npos);
        CHECK(
            error_of("plugins: [{type: file-discovery}]\n").find("'path' parameter is required") !=
            std::string::npos);
    }
}
