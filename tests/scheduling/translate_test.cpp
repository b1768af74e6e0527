#include <array>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

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

    TEST_CASE("inline thresholds need no list of plugins") {
        const auto l = load_text(document_of("saturationDetector: {queueDepthThreshold: 7}\n"));
        INFO(l.all());
        REQUIRE(l.made != nullptr);
        CHECK(l.made->settings().detector.queue_depth_threshold == 7);
    }

    TEST_CASE(
        "the slo-aware plugins of v1.2 to v1.4 load with the profile that served by default") {
        const auto l = load_text(document_of(R"(plugins:
- type: slo-aware-routing
- type: slo-aware-profile-handler
- type: queue-scorer
schedulingProfiles:
- {name: prefix}
- {name: default, plugins: [{pluginRef: queue-scorer}]}
- {name: slo, plugins: [{pluginRef: slo-aware-routing}]}
)"));
        INFO(l.all());
        REQUIRE(l.made != nullptr);
        CHECK(l.all(config::severity::note).find("with the profile 'default'") !=
              std::string::npos);
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
