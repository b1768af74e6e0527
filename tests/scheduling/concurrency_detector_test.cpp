#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/concurrency_detector") {
    TEST_CASE("endpoints below the truncated cap are kept, and nothing saves the others") {
        test_pool pool(4);
        pool.signals.inflight_requests = {0, 3, 4, 5};
        pool.signals.inflight_tokens = {900, 0, 1000, 0};
        struct row {
            const char* parameters;
            ids kept;
        };
        for (const auto& [parameters, kept] : {
                 row{"", {0, 1, 2, 3}},  // 100 requests
                 row{"{maxConcurrency: 4}", {0, 1}},
                 row{"{maxConcurrency: 3, headroom: 0.4}", {0, 1}},  // trunc(4.2) = 4
                 row{"{maxConcurrency: 1}", {0}},
                 row{"{concurrencyMode: tokens, maxTokenConcurrency: 1000}", {0, 1, 3}},
                 row{"{concurrencyMode: hybrid, maxConcurrency: 4, maxTokenConcurrency: 900}", {1}},
             }) {
            CAPTURE(parameters);
            CHECK(one_plugin("concurrency-detector", parameters).kept(pool) == kept);
        }
        pool.signals.inflight_requests = {4, 4, 4, 4};
        CHECK(one_plugin("concurrency-detector", "{maxConcurrency: 4}").kept(pool).empty());
    }

    TEST_CASE("caps are whole and positive, modes are three") {
        const auto errors = [](const char* p) { return errors_of("concurrency-detector", p); };
        CHECK(errors("{maxConcurrency: 0}") == "7:32 maxConcurrency must be > 0, got 0\n");
        CHECK(errors("{maxConcurrency: 2.5}") ==
              "7:32 maxConcurrency must be a whole number, not a number with a fraction\n");
        CHECK(errors("{maxConcurrency: 2.0}") == "");
        CHECK(errors("{headroom: -0.1}") == "7:26 headroom must be >= 0, got -0.1\n");
        CHECK(errors("{concurrencyMode: both}") == "7:33 unsupported concurrencyMode \"both\"\n");
    }
}
