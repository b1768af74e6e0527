#include <array>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;
using ids = std::vector<std::uint32_t>;
using scores = std::vector<double>;

namespace {

/// A request of `tokens` pseudo-tokens.
struct sized_request {
    std::string text;
    std::array<prompt, 1> prompts;
    inference_request request;
    explicit sized_request(std::size_t tokens) : text(tokens * 4, 'x'), prompts{prompt{text}} {
        request.prompts = prompts;
    }
};

}  // namespace

TEST_SUITE("scheduling/filters") {
    TEST_CASE("role filters read llm-d.ai/role") {
        test_pool pool(6);
        const std::array roles{"decode", "prefill", "both", "encode", "encode-prefill"};
        for (std::size_t i = 0; i < roles.size(); ++i) pool.label(i, "llm-d.ai/role", roles[i]);
        CHECK(bench_plugin("decode-filter").kept(pool) == ids{0, 2, 5});
        CHECK(bench_plugin("prefill-filter").kept(pool) == ids{1, 2, 4});
        CHECK(bench_plugin("encode-filter").kept(pool) == ids{3, 4});
    }

    TEST_CASE("label selectors follow Kubernetes' rules") {
        test_pool pool(3);
        pool.label(0, "a", "1");
        pool.label(1, "a", "2");
        const auto kept = [&](const char* p) {
            return bench_plugin("label-selector-filter", p).kept(pool);
        };
        CHECK(kept("{}") == ids{0, 1, 2});
        CHECK(kept("{matchLabels: {a: \"1\"}}") == ids{0});
        CHECK(kept("{matchExpressions: [{key: a, operator: NotIn, values: [\"1\"]}]}") ==
              ids{1, 2});
        CHECK(kept("{matchExpressions: [{key: a, operator: Exists}]}") == ids{0, 1});
        CHECK(kept("{matchExpressions: [{key: a, operator: DoesNotExist}]}") == ids{2});
        CHECK(bench_plugin("by-label", "{label: a, validValues: [\"2\"], allowsNoLabel: true}")
                  .kept(pool) == ids{1, 2});
    }

    TEST_CASE("utilization-detector keeps fresh endpoints below both thresholds, or all") {
        test_pool pool(4);
        pool.signals.waiting = {5, 4, 0, 0};
        pool.signals.kv_usage = {0, 0.79, 0.8, 0};
        pool.signals.age_seconds[3] = 0.3;
        bench_plugin it("utilization-detector");
        CHECK(it.kept(pool) == ids{1});
        pool.signals.waiting[1] = 9;
        CHECK(it.kept(pool) == ids{0, 1, 2, 3});
    }

    TEST_CASE("concurrency-detector cuts at the truncated cap and may leave none") {
        test_pool pool(2);
        pool.signals.inflight_requests = {3, 4};
        // trunc(3 * 1.4) = 4
        bench_plugin it("concurrency-detector", "{maxConcurrency: 3, headroom: 0.4}");
        CHECK(it.kept(pool) == ids{0});
        pool.signals.inflight_requests = {4, 4};
        CHECK(it.kept(pool).empty());
    }

    TEST_CASE("utilization-filter and endpoint-attribute-filter keep what is within limits") {
        test_pool pool(3);
        pool.signals.waiting = {1, 3, 4};
        CHECK(bench_plugin("utilization-filter",
                           "{conditions: [{metric: waiting-queue, maxValue: 3}]}")
                  .kept(pool) == ids{0, 1});
        pool.signals.attributes.push_back({"GPU/dcgm-extractor", {0.95, 0.5, std::nan("")}});
        const auto attribute = [](const char* missing) {
            return "{attribute: GPU, producer: dcgm-extractor, onMissing: " + std::string(missing) +
                   ", algorithm: {type: threshold, threshold: {operator: LessThanOrEqual, value: "
                   "0.9}}}";
        };
        CHECK(bench_plugin("endpoint-attribute-filter", attribute("Pass")).kept(pool) == ids{1, 2});
        CHECK(bench_plugin("endpoint-attribute-filter", attribute("Fail")).kept(pool) == ids{1});
    }

    TEST_CASE("prefix-cache-affinity-filter gives up stickiness that costs too much") {
        test_pool pool(3);
        prefix_told() = {10, 64, {8, 7, 0}, {}, false};
        bench_plugin it("prefix-cache-affinity-filter",
                        "{prefixMatchInfoProducerName: prefix, maxTTFTPenaltyMs: 1000, "
                        "peakPrefillThroughput: 1000}");
        CHECK(it.kept(pool) == ids{0});
        pool.signals.inflight_tokens = {1000, 0, 0};  // 1,000 ms later: not more than allowed
        CHECK(it.kept(pool) == ids{0});
        pool.signals.inflight_tokens = {1001, 0, 0};
        CHECK(it.kept(pool) == ids{0, 1, 2});
    }

    TEST_CASE("slo-headroom-tier-filter keeps the tier that meets the SLOs") {
        test_pool pool(3);
        latency_told() = {false,     {10, 10, 10}, {1, 1, 1}, {5, -5, 0},
                          {0, 0, 0}, {0, 0, 0},    {1, 0, 1}};
        CHECK(bench_plugin("slo-headroom-tier-filter",
                           "{epsilonExploreNeg: 0, latencyPredictionInfoProducerName: latency}")
                  .kept(pool) == ids{0, 2});
        CHECK(bench_plugin("slo-headroom-tier-filter",
                           "{epsilonExploreNeg: 1, latencyPredictionInfoProducerName: latency}")
                  .kept(pool) == ids{1});
    }

    TEST_CASE("the testing filter takes addresses with and without port") {
        test_pool pool(3);
        const std::array headers{
            header_field{"test-epp-endpoint-selection", "10.0.0.3:8000, 10.0.0.1,10.0.0.2:9"}};
        inference_request request;
        request.headers = headers;
        bench_plugin it("header-based-testing-filter");
        CHECK(it.kept(pool, request) == ids{0, 2});
        CHECK(it.kept(pool).empty());
    }

    TEST_CASE("session affinity reads base64 of namespace/name") {
        test_pool pool(3);
        const std::array headers{header_field{"x-session-token", "bnMvZTE="}};  // ns/e1
        inference_request request;
        request.headers = headers;
        CHECK(bench_plugin("session-affinity-filter").kept(pool, request) == ids{1});
        CHECK(bench_plugin("session-affinity-filter").kept(pool) == ids{0, 1, 2});
        CHECK(near(bench_plugin("session-affinity-scorer").scores(pool, request), scores{0, 1, 0}));
    }
}

TEST_SUITE("scheduling/scorers") {
    TEST_CASE("load-aware, active-request and token-load scorers") {
        test_pool pool(3);
        pool.signals.waiting = {0, 64, 200};
        CHECK(near(bench_plugin("load-aware-scorer").scores(pool), scores{0.5, 0.25, 0}));
        pool.signals.inflight_requests = {1, 2, 4};
        CHECK(near(bench_plugin("active-request-scorer", "{idleThreshold: 1, maxBusyScore: 0.5}")
                       .scores(pool),
                   scores{1, 0.25, 0}));
        pool.signals.inflight_tokens = {0, 50, 300};
        // Nothing is cached: each endpoint would compute all 50 tokens of the request.
        sized_request r(50);
        CHECK(near(bench_plugin("token-load-scorer", "{queueThresholdTokens: 200}")
                       .scores(pool, r.request),
                   scores{0.75, 0.5, 0}));
    }

    TEST_CASE("context-length-aware prefers the range that fits") {
        test_pool pool(4);
        const std::string label = "llm-d.ai/context-length-range";
        pool.label(0, label, "0 - 10000");
        pool.label(1, label, "2000-3000");
        pool.label(2, label, "many");
        sized_request r(1000);
        // In range: 0.3 + 0.7 * (0.7 / 2 + 0.3 * 9000 / 10000) = 0.734; 1,000 below: 0.3 / 2
        CHECK(near(bench_plugin("context-length-aware").scores(pool, r.request),
                   scores{0.734, 0.15, 0, 0.5}));
        pool.ready = {0, 1, 2, 3};
        CHECK(
            bench_plugin("context-length-aware", "{enableFiltering: true}").kept(pool, r.request) ==
            ids{0, 3});
    }

    TEST_CASE("no-hit-lru-scorer spreads cold requests and stays out of warm ones") {
        test_pool pool(3);
        prefix_told() = {4, 64, {1, 0, 0}, {}, false};
        bench_plugin it("no-hit-lru-scorer", "{prefixMatchInfoProducerName: prefix}");
        CHECK(near(it.scores(pool), scores{0.5, 0.5, 0.5}));
        prefix_told() = {4, 64, {0, 0, 0}, {}, false};
        CHECK(near(it.scores(pool), scores{1, 0.5, 0}));
    }

    TEST_CASE("latency-scorer: composite, positives, and the idle of the negatives") {
        test_pool pool(3);
        prefix_told() = {4, 64, {4, 0, 0}, {}, false};
        latency_told() = {};
        latency_told().absent = true;
        bench_plugin it(
            "latency-scorer",
            "{latencyPredictionInfoProducerName: latency, prefixMatchInfoProducerName: prefix}");
        pool.signals.kv_usage = {0.5, 0, 0};
        pool.signals.waiting = {0, 5, 10};
        // (0.5 + 1 + 1)/3, (1 + 0.5 + 0)/3, (1 + 0 + 0)/3, rounded to hundredths
        CHECK(near(it.scores(pool), scores{0.83, 0.5, 0.33}));
        latency_told() = {false,     {1, 1, 1}, {1, 1, 1}, {10, 20, -1},
                          {0, 0, 0}, {0, 0, 0}, {1, 1, 0}};
        // Only TTFT differs: its weight is 1; least headroom is best, the negative one is not
        // scored.
        CHECK(near(it.scores(pool), scores{1.01, 0.01, 0}));
        latency_told() = {false,     {1, 1, 1}, {1, 1, 1}, {-10, -20, -30},
                          {0, 0, 0}, {0, 1, 0}, {0, 0, 0}};
        CHECK(near(it.scores(pool), scores{1.01, 0, 0.01}));
    }

    TEST_CASE("endpoint-attribute-scorer and header-label-affinity-scorer") {
        test_pool pool(3);
        pool.signals.attributes.push_back({"T/core-metrics-extractor", {10, 30, std::nan("")}});
        CHECK(near(bench_plugin(
                       "endpoint-attribute-scorer",
                       "{attributeKey: T, algorithm: {type: linear_lower_is_better, normalization: "
                       "{fixedRange: {min: 0, max: 40}}}}")
                       .scores(pool),
                   scores{0.75, 0.25, 0}));
        CHECK(near(bench_plugin("endpoint-attribute-scorer",
                                "{attributeKey: T, algorithm: {type: linear_higher_is_better}}")
                       .scores(pool),
                   scores{0, 1, 0}));
        pool.label(1, "team", "red");
        const std::array headers{header_field{"x-team", "red"}};
        inference_request request;
        request.headers = headers;
        CHECK(near(
            bench_plugin("header-label-affinity-scorer", "{headerName: X-Team, labelKey: team}")
                .scores(pool, request),
            scores{0, 1, 0}));
    }
}

TEST_SUITE("scheduling/profile_handlers") {
    const std::string disaggregated = document_of(R"(plugins:
- {type: disagg-profile-handler, parameters: {deciders: {prefill: pd}}}
- {name: pd, type: prefix-based-pd-decider, parameters: {nonCachedTokens: 128}}
- type: prefill-filter
- type: decode-filter
schedulingProfiles:
- {name: prefill, plugins: [{pluginRef: prefill-filter}]}
- {name: decode, plugins: [{pluginRef: decode-filter}]}
)");

    TEST_CASE("disaggregation prefills elsewhere only what is long enough, and says where") {
        const auto made = load_ok(disaggregated);
        test_pool pool(2);
        pool.label(0, "llm-d.ai/role", "prefill");
        pool.label(1, "llm-d.ai/role", "decode");
        workspace ws;
        decision out;
        sized_request shorter(127);
        REQUIRE(made->decide({shorter.request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws,
                             out));
        CHECK(out.primary_targets()[0] == 1);
        REQUIRE(out.upstream_headers.size() == 2);  // both stage headers are taken away
        CHECK(out.upstream_headers[0].remove);
        sized_request longer(512);
        REQUIRE(made->decide({longer.request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws,
                             out));
        CHECK(out.primary_targets()[0] == 1);
        REQUIRE(out.upstream_headers.size() == 3);
        CHECK(out.upstream_headers[2].name == "x-prefiller-host-port");
        CHECK(out.upstream_headers[2].value == "10.0.0.1:8000");
        REQUIRE(out.charges.size() == 2);
        CHECK(out.charges[1].endpoint == 0);
        CHECK(out.charges[1].requests_until == release_at::first_chunk);
        CHECK(out.charges[0].requests_until == release_at::end);
    }

    TEST_CASE("disaggregation without a decode endpoint is the failing profile's 429") {
        const auto made = load_ok(disaggregated);
        test_pool pool(1);
        pool.label(0, "llm-d.ai/role", "prefill");
        workspace ws;
        decision out;
        inference_request request;
        CHECK_FALSE(
            made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(out.error == decision_error::filters_empty);
    }

    TEST_CASE("data-parallel names the rank and replaces the port") {
        const auto made =
            load_ok(document_of("plugins: [{type: data-parallel-profile-handler, parameters: "
                                "{primaryPort: 9000}}]\nschedulingProfiles: [{name: p}]\n"));
        test_pool pool(1);
        workspace ws;
        decision out;
        inference_request request;
        REQUIRE(made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(out.port_override == 9000);
        CHECK(out.upstream_headers[0].value == "10.0.0.1:8000");
    }
}
