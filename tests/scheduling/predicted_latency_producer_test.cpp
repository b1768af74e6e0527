#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

response_facts answer(const test_pool& pool, double seconds) {
    static const decision none;
    response_facts f{"id", "model", none, pool.endpoints, {}, 200};
    f.first_token_seconds = seconds;
    f.total_seconds = seconds;
    f.output_tokens = 10;
    return f;
}

}  // namespace

TEST_SUITE("scheduling/predicted_latency_producer") {
    TEST_CASE("after some answers it predicts, and the latency scorer follows") {
        test_pool pool(2);
        picker_under_test it(
            "plugins:\n- type: predicted-latency-producer\n- type: latency-scorer\n"
            "- {type: slo-headroom-tier-filter, parameters: {epsilonExploreNeg: 0}}\n"
            "- type: latency-slo-admitter\n");
        // Endpoint 0 answers in 100 ms, endpoint 1 in 900 ms.
        for (int i = 0; i < 40; ++i) {
            pool.ready = {static_cast<std::uint32_t>(i % 2)};
            it.pick(pool);
            it.complete(pool, answer(pool, i % 2 == 0 ? 0.1 : 0.9));
        }
        pool.ready = {0, 1};
        headed_request r("x-llm-d-slo-ttft-ms", "500");
        CHECK(it.pick(pool, r.request) == 0);
        const auto& latency = it.data().latency.at(0);
        CHECK(std::abs(latency.ttft_ms[0] - 100) < 20);
        CHECK(std::abs(latency.ttft_ms[1] - 900) < 60);
        CHECK(latency.ttft_headroom[0] > 0);
        CHECK(latency.ttft_headroom[1] < 0);
        CHECK(latency.valid == std::vector<std::uint8_t>{1, 0});
        CHECK(latency.confidence[0] > 0);
        // Nobody can do it in 10 ms: a sheddable request is turned away, another is not.
        headed_request strict("x-slo-ttft-ms", "10");
        pool.signals.running = {1, 1};
        pool.signals.kv_usage = {0.5, 0.5};
        strict.request.priority = -1;
        CHECK(it.decide(pool, strict.request).message ==
              "request cannot be admitted: no valid endpoint available to serve the request");
        strict.request.priority = 0;
        CHECK(it.decide(pool, strict.request).ok());
    }

    TEST_CASE("nothing is predicted before eight answers, nor learned from failures") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: predicted-latency-producer}, {type: latency-scorer}]\n");
        for (int i = 0; i < 20; ++i) {
            it.pick(pool);
            CHECK_FALSE(it.data().latency.at(0).predicted(0));
            auto failed = answer(pool, 0.1);
            if (i % 2 == 0) {
                failed.status = 500;
            } else {
                failed.cause = end_cause::client_disconnect;
            }
            it.complete(pool, failed);
        }
    }

    TEST_CASE("streams teach TTFT and TPOT; running SLOs bound those of the next") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: predicted-latency-producer, parameters: {streamingMode: true, "
            "sloBufferFactor: 2}}, {type: latency-scorer}]\n");
        inference_request stream;
        stream.stream = true;
        for (int i = 0; i < 20; ++i) {
            it.pick(pool, stream);
            auto a = answer(pool, 1.1);
            a.stream = true;
            a.first_token_seconds = 0.1;
            a.output_tokens = 101;  // 1,000 ms for 100 further tokens
            it.complete(pool, a);
        }
        headed_request r("x-llm-d-slo-tpot-ms", "8");
        r.request.stream = true;
        it.pick(pool, r.request);
        const auto& latency = it.data().latency.at(0);
        CHECK(std::abs(latency.ttft_ms[0] - 100) < 10);
        CHECK(std::abs(latency.tpot_ms[0] - 10) < 1);
        CHECK(std::abs(latency.tpot_headroom[0] - 6) < 1);  // 8 * 2 - 10
        headed_request looser("x-llm-d-slo-tpot-ms", "20");
        looser.request.stream = true;
        it.pick(pool, looser.request);  // the one above still runs: min(40, 16) - 10
        CHECK(std::abs(it.data().latency.at(0).tpot_headroom[0] - 6) < 1);
    }

    TEST_CASE("parameters are checked") {
        CHECK(errors_of("predicted-latency-producer", "{sloBufferFactor: 0}") ==
              "7:33 sloBufferFactor must be > 0, got 0\n");
        CHECK(errors_of("predicted-latency-producer",
                        "{samplingMean: x, maxDecodeTokenSamplesForPrediction: y}") == "");
        CHECK(errors_of("predicted-latency-producer", "{contextTTL: 5m}") ==
              "7:28 contextTTL must be a whole number, not a string\n");
    }
}
