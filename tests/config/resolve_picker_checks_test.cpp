#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

namespace {

const std::string head = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";
const std::string plain =
    "plugins: [{type: queue-scorer}, {type: kv-cache-utilization-scorer}]\n"
    "schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]\n";

std::string objective(const std::string& name, int priority) {
    return "apiVersion: llm-d.ai/v1alpha2\nkind: InferenceObjective\nmetadata: {name: " + name +
           "}\nspec: {priority: " + std::to_string(priority) + ", poolRef: {name: pool}}\n";
}

resolved with(const std::string& settings, const std::string& more = {},
              const load_options& options = {}) {
    return resolve_text(whole() + docs({head + settings, more}), options);
}

std::string flow(const std::string& settings) {
    return plain + "featureGates: [flowControl]\nflowControl: {" + settings + "}\n";
}

}  // namespace

TEST_SUITE("config/resolve_picker_checks") {
    TEST_CASE("metrics that are stale before they are scraped are told with the symptom") {
        const auto limit = [](const std::string& value) {
            return with(
                "plugins: [{type: utilization-detector, parameters: {metricsStalenessThreshold: " +
                value + "}}]\n");
        };
        CHECK(limit("10ms").times(codes::stale_before_scraped) == 1);
        CHECK(limit("200ms").times(codes::stale_before_scraped) == 0);
        CHECK(limit("10ms").first(codes::stale_before_scraped).note.find("429") !=
              std::string::npos);
        load_options slow;
        slow.refresh_metrics_interval = std::chrono::seconds(1);
        CHECK(with("plugins: [{type: utilization-detector, parameters: "
                   "{metricsStalenessThreshold: 200ms}}]\n",
                   {}, slow)
                  .times(codes::stale_before_scraped) == 1);
    }
    TEST_CASE("a queue time below the scrape period is told where the gate is on") {
        CHECK(with(flow("defaultRequestTTL: 10ms")).times(codes::ttl_below_scrape) == 1);
        CHECK(with(flow("noEndpointRequestTTL: 1ms")).times(codes::ttl_below_scrape) == 1);
        CHECK(with(flow("defaultRequestTTL: 0s")).times(codes::ttl_below_scrape) == 0);
        CHECK(with(flow("defaultRequestTTL: 60s")).times(codes::ttl_below_scrape) == 0);
        CHECK(with(plain + "flowControl: {defaultRequestTTL: 10ms}\n")
                  .times(codes::ttl_below_scrape) == 0);
    }
    TEST_CASE("a priority that no band names is a hint, unless a template is there for it") {
        const auto bands = [](const std::string& more, int priority) {
            return with(flow("priorityBands: [{priority: 0}, {priority: 5}]" + more),
                        objective("o", priority))
                .times(codes::priority_without_band);
        };
        CHECK(bands("", 7) == 1);
        CHECK(bands("", -7) == 1);
        CHECK(bands("", 5) == 0);
        CHECK(bands(", defaultPriorityBand: {maxRequests: 3}", 7) == 0);
        CHECK(bands(", defaultPriorityBand: {maxRequests: 3}", -7) == 1);
        CHECK(with(flow("maxBytes: 1Gi"), objective("o", 7)).times(codes::priority_without_band) ==
              0);
    }
    TEST_CASE("bands that hold more than the process may are a hint") {
        const std::string two =
            "priorityBands: [{priority: 0, maxBytes: 700Mi}, {priority: 1, maxBytes: 700Mi}]";
        CHECK(with(flow(two)).times(codes::bands_above_memory) == 1);
        CHECK(with(flow("maxBytes: 1Gi, " + two)).times(codes::bands_above_memory) == 0);
        CHECK(with(flow("maxBytes: 2Gi, " + two)).times(codes::bands_above_memory) == 1);
        CHECK(with(flow("priorityBands: [{priority: 0}, {priority: 1}]"))
                  .times(codes::bands_above_memory) == 0);
    }
    TEST_CASE("weights: all zero is a mistake, one left out a hint") {
        const auto weights = [](const std::string& entries) {
            return with(
                "plugins: [{type: queue-scorer}, {name: kv, type: kv-cache-utilization-scorer}, "
                "{type: max-score-picker}]\nschedulingProfiles: [{name: default, plugins: [" +
                entries + ", {pluginRef: max-score-picker}]}]\n");
        };
        CHECK(weights("{pluginRef: queue-scorer, weight: 0}, {pluginRef: kv, weight: 0}")
                  .times(codes::zero_scorer_weights) == 1);
        CHECK(weights("{pluginRef: queue-scorer, weight: 0}, {pluginRef: kv}")
                  .times(codes::zero_scorer_weights) == 0);
        const auto mixed = weights("{pluginRef: queue-scorer, weight: 3}, {pluginRef: kv}");
        CHECK(mixed.times(codes::omitted_weight) == 1);
        CHECK(mixed.first(codes::omitted_weight).level == severity::note);
        CHECK(weights("{pluginRef: queue-scorer}, {pluginRef: kv}").times(codes::omitted_weight) ==
              0);
    }
    TEST_CASE("a request timeout below the promised first token is told") {
        const auto rule = [](const std::string& timeout, const std::string& target) {
            return resolve_text(
                       docs({gateway(http_listener()),
                             route_doc("r", parent() +
                                                "  rules:\n  - timeouts: {request: " + timeout +
                                                "}\n    filters: [{type: RequestHeaderModifier, "
                                                "requestHeaderModifier: {set: [{name: "
                                                "X-LLM-D-SLO-TTFT-MS, value: \"" +
                                                target + "\"}]}}]\n")}))
                .times(codes::timeout_below_slo);
        };
        CHECK(rule("1s", "5000") == 1);
        CHECK(rule("10s", "5000") == 0);
        CHECK(rule("0s", "5000") == 0);
    }
}
