#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

picker_under_test document() {
    return picker_under_test(
        "plugins:\n- {name: latency, type: test-latency-producer}\n- {type: latency-slo-admitter, "
        "parameters: {latencyPredictionInfoProducerName: latency}}\n");
}

}  // namespace

TEST_SUITE("scheduling/latency_slo_admitter") {
    TEST_CASE("only sheddable requests with an SLO that nobody can meet are turned away") {
        struct row {
            int priority;
            const char* header;
            const char* slo;
            bool admitted;
        };
        test_pool pool(2);
        pool.signals.running = {1, 1};
        pool.signals.kv_usage = {0.5, 0.5};
        latency_told() = {};
        latency_told().ttft = {100, std::nan("")};
        latency_told().valid = {0, 1};  // of an endpoint without prediction it means nothing
        for (const auto& [priority, header, slo, admitted] : {
                 row{-1, "x-llm-d-slo-ttft-ms", "50", false},
                 row{-1, "x-slo-tpot-ms", "50", false},
                 row{0, "x-llm-d-slo-ttft-ms", "50", true},
                 row{-1, "x-llm-d-slo-ttft-ms", "0", true},
                 row{-1, "x-llm-d-slo-ttft-ms", "fast", true},
                 row{-1, "other", "50", true},
             }) {
            CAPTURE(header);
            CAPTURE(slo);
            headed_request r(header, slo);
            r.request.priority = priority;
            auto it = document();
            const auto& made = it.decide(pool, r.request);
            CHECK(made.ok() == admitted);
            if (admitted) continue;
            CHECK(status_of(made.error) == 500);
            CHECK(made.message ==
                  "request cannot be admitted: no valid endpoint available to serve the request");
        }
    }

    TEST_CASE("one that is idle, nearly empty or predicted to make it is hope enough") {
        test_pool pool(2);
        headed_request r("x-llm-d-slo-ttft-ms", "50");
        r.request.priority = -1;
        const auto admitted = [&] { return document().decide(pool, r.request).ok(); };
        const auto reset = [&] {
            pool.signals.running = {1, 1};
            pool.signals.kv_usage = {0.5, 0.5};
            latency_told() = {};
            latency_told().ttft = {100, 100};
        };
        reset();
        CHECK_FALSE(admitted());
        pool.signals.running[1] = 0;
        CHECK(admitted());
        reset();
        pool.signals.kv_usage[0] = 0.019;
        CHECK(admitted());
        reset();
        pool.signals.kv_usage[0] = 0.02;
        CHECK_FALSE(admitted());
        latency_told().valid = {0, 1};
        CHECK(admitted());
        reset();
        latency_told().ttft = {std::nan(""), std::nan("")};
        CHECK(admitted());  // nothing predicted
    }

    TEST_CASE("the newer header counts where both are, even with 0") {
        test_pool pool(1);
        pool.signals.running = {1};
        pool.signals.kv_usage = {0.5};
        latency_told() = {};
        latency_told().ttft = {100};
        const std::array both{header_field{"x-slo-ttft-ms", "50"},
                              header_field{"x-llm-d-slo-ttft-ms", "0"}};
        inference_request r;
        r.headers = both;
        r.priority = -1;
        CHECK(document().decide(pool, r).ok());
    }
}
