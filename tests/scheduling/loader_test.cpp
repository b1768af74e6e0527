#include <array>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

/// The one error of a document: `CODE line:column message`. Lines count from the document's first.
std::string error_of(std::string_view body) {
    const auto l = load_text(document_of(body));
    CHECK(l.made == nullptr);
    auto all = l.all();
    if (!all.empty()) all.pop_back();
    return all;
}

const std::string profile_q =
    "schedulingProfiles:\n- name: p\n  plugins: [{pluginRef: queue-scorer}]\n";

}  // namespace

TEST_SUITE("scheduling/loader") {
    TEST_CASE("an unknown plugin type is named with its place and the nearest type") {
        const auto l = load_text(document_of("plugins:\n- type: queue-scoer\n"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->message == "plugin type 'queue-scoer' is not registered");
        CHECK(l.first()->code == "WEIR0404");
        CHECK(l.first()->at.start.line == 4);
        CHECK(l.first()->at.start.column == 9);
        CHECK(l.first()->suggestion == "queue-scorer");
    }

    TEST_CASE("a plugin without a type") {
        CHECK(error_of("plugins:\n- name: x\n")
                  .starts_with("WEIR0402 4:3 plugin 'x' is missing a type"));
    }

    TEST_CASE("two plugins of one name") {
        CHECK(error_of("plugins:\n- type: queue-scorer\n- type: queue-scorer\n") ==
              "WEIR0403 5:9 duplicate plugin name 'queue-scorer'");
    }

    TEST_CASE("an unknown parameter is refused with the nearest one") {
        const auto l = load_text(document_of(
            "plugins:\n- type: max-score-picker\n  parameters:\n    maxNumOfEndpoint: 2\n"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->code == "WEIR0405");
        CHECK(l.first()->message ==
              "failed to create plugin 'max-score-picker' (type: max-score-picker): json: unknown "
              "field "
              "\"maxNumOfEndpoint\"");
        CHECK(l.first()->at.start.line == 6);
        CHECK(l.first()->suggestion == "maxNumOfEndpoints");
    }

    TEST_CASE("parameter names match whatever their case, as in Go") {
        const auto made = load_ok(document_of(
            "plugins:\n- {type: random-picker, parameters: {MAXNUMOFENDPOINTS: 2.0}}\n"));
        test_pool pool(3);
        workspace ws;
        inference_request request;
        decision out;
        REQUIRE(
            made->schedule({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(out.primary_targets().size() == 2);
    }

    TEST_CASE("the older apiVersion only notes unknown parameters") {
        const auto l = load_text(
            "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n"
            "plugins:\n- {type: max-score-picker, parameters: {colour: red}}\n");
        CHECK(l.made != nullptr);
        CHECK(l.all(config::severity::note).find("WEIR0420 4:41") != std::string::npos);
    }

    TEST_CASE("wrong units and types are shown at the value") {
        const auto l =
            load_text(document_of("plugins:\n- type: utilization-detector\n  parameters: "
                                  "{metricsStalenessThreshold: 200}\n"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->code == "WEIR0406");
        CHECK(l.first()->at.start.line == 5);
        CHECK(l.first()->at.start.column == 43);
        CHECK(l.first()->suggestion == "200ms");
        CHECK(error_of("plugins: [{type: random-picker, parameters: {maxNumOfEndpoints: 1.5}}]\n")
                  .ends_with(
                      "maxNumOfEndpoints must be a whole number, not a number with a fraction"));
        CHECK(error_of("plugins: [{type: random-picker, parameters: {maxNumOfEndpoints: \"1\"}}]\n")
                  .ends_with("maxNumOfEndpoints must be a whole number, not a string"));
        CHECK(error_of(
                  "plugins: [{type: prefix-cache-scorer, parameters: {matchLengthWeight: 1.5}}]\n")
                  .ends_with("matchLengthWeight must be in [0,1], got 1.5"));
        CHECK(error_of("plugins: [{type: random-picker, parameters: [1]}]\n")
                  .ends_with("parameters must be an object, not a list"));
    }

    TEST_CASE("null parameters are no parameters") {
        CHECK(load_text(document_of("plugins: [{type: random-picker, parameters: null}]\n")).made !=
              nullptr);
        CHECK(
            load_text(document_of(
                          "plugins: [{type: random-picker, parameters: {maxNumOfEndpoints: ~}}]\n"))
                .made != nullptr);
    }

    TEST_CASE("the envelope is strict and case-sensitive") {
        const auto l =
            load_text(document_of("Plugins: []\nplugins: [{type: queue-scorer, weight: 1}]\n"));
        CHECK(l.all() ==
              "WEIR0401 3:1 failed to decode configuration JSON/YAML: strict decoding error: "
              "unknown field \"Plugins\"\n"
              "WEIR0401 4:32 failed to decode configuration JSON/YAML: strict decoding error: "
              "unknown field "
              "\"plugins[0].weight\"\n");
        CHECK(l.first()->suggestion == "plugins");
    }

    TEST_CASE("apiVersion and kind must be the picker's") {
        CHECK(load_text("apiVersion: v1\nkind: EndpointPickerConfig\n").first()->message ==
              "no kind \"EndpointPickerConfig\" is registered for version \"v1\"");
        CHECK(load_text("apiVersion: llm-d.ai/v1alpha1\nkind: Pod\n").first()->code == "WEIR0401");
    }

    TEST_CASE("profiles: names, references, two pickers") {
        CHECK(error_of("plugins: [{type: queue-scorer}]\nschedulingProfiles: [{plugins: []}]\n")
                  .find("schedulingProfiles[0] is missing a name") != std::string::npos);
        CHECK(error_of("plugins: [{type: header-profile-handler}]\nschedulingProfiles: [{name: a}, "
                       "{name: a}]\n")
                  .find("schedulingProfiles[1] has duplicate name 'a'") != std::string::npos);
        CHECK(error_of("plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: p, plugins: "
                       "[{weight: 1}]}]\n")
                  .find("schedulingProfiles[p].plugins[0] is missing a 'pluginRef'") !=
              std::string::npos);
        const auto l =
            load_text(document_of("plugins: [{type: queue-scorer}]\nschedulingProfiles:\n- name: "
                                  "p\n  plugins: [{pluginRef: queue-scorr}]\n"));
        CHECK(l.all() ==
              "WEIR0407 6:25 configuration validation failed: schedulingProfiles[p] references "
              "undefined plugin "
              "'queue-scorr'\n");
        CHECK(l.first()->suggestion == "queue-scorer");
        CHECK(error_of("plugins: [{type: random-picker}, {name: m, type: "
                       "max-score-picker}]\nschedulingProfiles:\n"
                       "- name: p\n  plugins: [{pluginRef: random-picker}, {pluginRef: m}]\n") ==
              "WEIR0409 6:53 scheduler config build failed: failed to set 'm/max-score-picker' as "
              "picker, already have "
              "a registered picker plugin 'random-picker/random-picker'");
    }

    TEST_CASE("profile handlers: none, several, the wrong one") {
        CHECK(error_of(
                  "plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: a}, {name: b}]\n")
                  .find("no profile handler configured") != std::string::npos);
        CHECK(error_of("plugins: [{type: single-profile-handler}]\nschedulingProfiles: [{name: a}, "
                       "{name: b}]\n")
                  .find("SingleProfileHandler cannot support multiple scheduling profiles") !=
              std::string::npos);
        CHECK(error_of("plugins: [{type: single-profile-handler}, {type: header-profile-handler}]\n"
                       "schedulingProfiles: [{name: a}]\n")
                  .find("multiple profile handlers found ('single-profile-handler', "
                        "'header-profile-handler'); only "
                        "one is allowed") != std::string::npos);
        CHECK(error_of("plugins: [{type: disagg-profile-handler}]\nschedulingProfiles: [{name: a}, "
                       "{name: prefill}]\n")
                  .find("needs a scheduling profile named 'decode'") != std::string::npos);
    }

    TEST_CASE("feature gates") {
        CHECK(error_of("featureGates: [flowControll]\n") ==
              "WEIR0411 3:16 feature gate 'flowControll' is unknown or unregistered");
        CHECK(error_of("featureGates: [flowControl=maybe]\n") ==
              "WEIR0411 3:16 maybe is not a valid value for the feature gate flowControl");
        const auto made = load_ok(
            document_of("featureGates: [\"flowControl= T \"]\nplugins: [{type: queue-scorer}]\n"));
        CHECK(made->settings().flow_control);
        CHECK(made->settings().detector.kind == config::detector_kind::utilization);
    }

    TEST_CASE("references to other plugins: unknown, of the wrong kind, in a circle") {
        const auto l = load_text(document_of(R"(plugins:
- type: disagg-profile-handler
  parameters: {deciders: {prefill: always}}
- {name: always-on, type: always-disagg-pd-decider}
- type: queue-scorer
schedulingProfiles: [{name: decode, plugins: [{pluginRef: queue-scorer}]}, {name: prefill}]
)"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->code == "WEIR0407");
        CHECK(l.first()->message ==
              "failed to create plugin 'disagg-profile-handler' (type: disagg-profile-handler): "
              "prefill plugin not "
              "found: always");
        CHECK(l.first()->at.start.line == 5);
        CHECK(l.first()->at.start.column == 36);
        CHECK(error_of(
                  "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: "
                  "queue-scorer}}}\n"
                  "- type: queue-scorer\nschedulingProfiles: [{name: decode}, {name: prefill}]\n")
                  .find("plugin queue-scorer does not implement a decider") != std::string::npos);
        CHECK(error_of("plugins:\n- {name: h, type: disagg-profile-handler, parameters: {deciders: "
                       "{prefill: h}}}\n"
                       "schedulingProfiles: [{name: decode}, {name: prefill}]\n")
                  .find("WEIR0412 4:76 failed to build plugin dependency graph: plugin 'h' depends "
                        "on itself") != std::string::npos);
    }

    TEST_CASE("data nobody produces") {
        const auto l =
            load_text(document_of("plugins:\n- {type: prefix-cache-scorer, parameters: "
                                  "{prefixMatchInfoProducerName: mine}}\n"));
        CHECK(l.all() ==
              "WEIR0412 4:73 no default producer found for missing data key "
              "PrefixCacheMatchInfoDataKey/mine\n");
        CHECK(
            load_text(document_of(
                          "dataLayer: {injectDefaults: false}\nplugins: [{type: queue-scorer}]\n"))
                .made == nullptr);
        CHECK(error_of("plugins: [{type: session-id-producer}]\n")
                  .find("exactly one of headerName and cookieName must be set") !=
              std::string::npos);
        CHECK(error_of("plugins: [{type: multicluster-queue-scorer}]\n")
                  .find("no default producer found") != std::string::npos);
    }

    TEST_CASE("data producers are made when nobody wrote them down") {
        const auto made = load_ok(document_of("plugins: [{type: token-load-scorer}]\n"));
        CHECK(made->find("inflight-load-producer") != nullptr);
        CHECK(load_ok(document_of("plugins: [{type: active-request-scorer}]\n"))
                  ->find("inflight-load-producer") != nullptr);
        const auto latency = load_ok(document_of("plugins: [{type: latency-scorer}]\n"));
        CHECK(latency->find("predicted-latency-producer") != nullptr);
        CHECK(latency->find("approx-prefix-cache-producer") != nullptr);
        CHECK(latency->find("token-producer") != nullptr);
    }

    TEST_CASE("without profiles all filters, scorers and pickers make one") {
        const auto made =
            load_ok(document_of("plugins: [{type: queue-scorer}, {type: decode-filter}, {type: "
                                "random-picker}, {type: token-producer}]\n"));
        const auto p = made->profiles();
        REQUIRE(p.size() == 1);
        CHECK(p[0].name == "default");
        REQUIRE(p[0].plugins.size() == 3);
        CHECK(p[0].plugins[0].role == "filter");
        CHECK(p[0].plugins[1].weight == 1);
        CHECK(p[0].plugins[2].plugin == "random-picker");
    }

    TEST_CASE("a profile without a picker takes the one of the configuration") {
        const auto made = load_ok(
            document_of("plugins: [{type: queue-scorer}, {type: random-picker}]\n" + profile_q));
        CHECK(made->profiles()[0].plugins.back().plugin == "random-picker");
    }

    TEST_CASE("alpha types load with a note, deprecated ones name their successor") {
        const auto l =
            load_text(document_of("plugins:\n- {type: utilization-filter, parameters: {conditions: "
                                  "[{metric: waiting-queue, maxValue: 3}]}}\n"
                                  "- {type: by-label-selector}\n"));
        CHECK(l.made != nullptr);
        const auto notes = l.all(config::severity::note);
        CHECK(notes.find("WEIR0421 4:10 plugin type 'utilization-filter' is of alpha stability") !=
              std::string::npos);
        CHECK(notes.find("WEIR0421 5:10 plugin type 'by-label-selector' is deprecated") !=
              std::string::npos);
        CHECK(l.all(config::severity::warning).empty());
    }

    TEST_CASE("all mistakes are reported in one pass") {
        const auto l = load_text(
            document_of("featureGates: [x]\nplugins: [{type: nope}, {type: random-picker, "
                        "parameters: {a: 1}}]\n"
                        "schedulingProfiles: [{name: p, plugins: [{pluginRef: gone}]}]\n"));
        CHECK(l.found.count(config::severity::error) == 4);
    }
}

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

TEST_SUITE("scheduling/translate") {
    TEST_CASE("older shapes load, each with a note") {
        const auto l = load_text(R"(apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
saturationDetector: {queueDepthThreshold: 7, kvCacheUtilThreshold: 0.5, metricsStalenessThreshold: 150ms}
data: {sources: [{pluginRef: metrics-data-source, extractors: [{pluginRef: model-server-protocol-metrics}]}]}
plugins:
- {type: prefix-cache-scorer, parameters: {hashBlockSize: 512, maxPrefixBlocksToMatch: 256, lruCapacityPerServer: 100}}
- type: metrics-data-source
- type: model-server-protocol-metrics
schedulingProfiles: [{name: p, plugins: [{pluginRef: prefix-cache-scorer}]}]
)");
        INFO(l.all());
        REQUIRE(l.made != nullptr);
        const auto& d = l.made->settings().detector;
        CHECK(d.kind == config::detector_kind::utilization);
        CHECK(d.queue_depth_threshold == 7);
        CHECK(d.metrics_staleness_threshold == 150ms);
        CHECK(l.made->find("approx-prefix-cache-producer") != nullptr);
        const auto notes = l.all(config::severity::note);
        CHECK(notes.find("`data` is read as `dataLayer`") != std::string::npos);
        CHECK(notes.find("plugin type 'model-server-protocol-metrics' is read as "
                         "'core-metrics-extractor'") != std::string::npos);
        CHECK(notes.find("index parameters of prefix-cache-scorer") != std::string::npos);
    }

    TEST_CASE("block sizes in characters become tokens") {
        const auto made = load_ok(
            document_of("plugins: [{type: prefix-cache-scorer, parameters: {blockSize: 512}}]\n"));
        test_pool pool(1);
        workspace ws;
        const std::string text(4096, 'x');
        const std::array prompts{prompt{text}};
        inference_request request;
        request.prompts = prompts;
        made->produce({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws);
        // 512 characters are 128 tokens; 4,096 characters are 8 such blocks.
        REQUIRE(ws.data().prefix.size() == 1);
        CHECK(ws.data().prefix[0].total_blocks == 8);
        CHECK(ws.data().prefix[0].block_size_tokens == 128);
    }

    TEST_CASE("thresholds of pd-profile-handler become deciders") {
        const auto text = [](const char* threshold) {
            return document_of("plugins:\n- {type: pd-profile-handler, parameters: {threshold: " +
                               std::string(threshold) +
                               ", hashBlockSize: 5}}\n- type: queue-scorer\n"
                               "schedulingProfiles: [{name: decode}, {name: prefill}]\n");
        };
        const auto always = load_text(text("0"));
        REQUIRE(always.made != nullptr);
        CHECK(always.all(config::severity::note).find("always-disagg-pd-decider") !=
              std::string::npos);
        const auto some = load_text(text("10"));
        REQUIRE(some.made != nullptr);
        CHECK(some.all(config::severity::note).find("nonCachedTokens 3") != std::string::npos);
    }

    TEST_CASE("the precise prefix index is approximated, with a warning") {
        const auto l = load_text(document_of(R"(plugins:
- {type: precise-prefix-cache-producer, parameters: {tokenProcessorConfig: {blockSize: 64}, kvEventsConfig: {zmqEndpoint: x}}}
- {type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: precise-prefix-cache-producer}}
- {name: old, type: precise-prefix-cache-scorer}
schedulingProfiles: [{name: p, plugins: [{pluginRef: prefix-cache-scorer}, {pluginRef: old}]}]
)"));
        INFO(l.all());
        REQUIRE(l.made != nullptr);
        CHECK(l.first(config::severity::warning)->code == "WEIR0423");
        CHECK(l.found.count(config::severity::warning) == 2);
    }
}
