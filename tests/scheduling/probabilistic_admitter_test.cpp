#include <limits>

#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

std::string document(const std::string& parameters) {
    return "plugins: [{type: probabilistic-admitter, parameters: " + parameters +
           "}, {type: random-picker}]\n";
}

}  // namespace

TEST_SUITE("scheduling/probabilistic_admitter") {
    TEST_CASE("sheddable requests are refused with min(saturation^power * k, 1)") {
        test_pool pool(2);
        pool.signals.waiting = {5, 0};
        pool.signals.kv_usage = {0, 0};
        // saturation (1 + 0) / 2; 0.5^2 * 1 = 0.25
        picker_under_test it(document("{power: 2, k: 1}"));
        inference_request r;
        r.priority = -1;
        int refused = 0;
        for (std::uint64_t seed = 0; seed < 8000; ++seed)
            refused += it.decide(pool, r, seed).ok() ? 0 : 1;
        CHECK(std::abs(refused - 2000) < 160);
        r.priority = 0;
        for (std::uint64_t seed = 0; seed < 50; ++seed) CHECK(it.decide(pool, r, seed).ok());
    }

    TEST_CASE("the larger of queue and KV counts; unknown metrics are full") {
        test_pool pool(2);
        pool.signals.waiting = {0, 2};
        pool.signals.kv_usage = {0.8, 0.16};
        inference_request r;
        r.priority = -1;
        picker_under_test it(document("{}"));
        // (max(0, 1) + max(0.4, 0.2)) / 2 = 0.7; 0.7^5 * 300 = 50: always
        CHECK(it.decide(pool, r).message ==
              "request cannot be admitted: inference error: ResourceExhausted - "
              "probabilistic-admitter: rejected, saturation=0.700 prob=1.00");
        CHECK(status_of(it.decide(pool, r).error) == 500);
        pool.signals.waiting = {0, 0};
        pool.signals.kv_usage = {0, 0};
        CHECK(it.decide(pool, r).ok());
        pool.signals.age_seconds[0] = std::numeric_limits<double>::infinity();
        CHECK_FALSE(it.decide(pool, r).ok());  // 0.5^5 * 300 > 1
    }

    TEST_CASE("no candidate is not its business; parameters are positive") {
        test_pool pool(0);
        inference_request r;
        r.priority = -1;
        CHECK(picker_under_test(document("{}")).decide(pool, r).error ==
              decision_error::filters_empty);
        for (const auto* name : {"queueDepthThreshold", "kvCacheUtilThreshold", "power", "k"}) {
            CHECK(errors_of("probabilistic-admitter", "{" + std::string(name) + ": 0}")
                      .ends_with(std::string(name) + " must be > 0, got 0\n"));
        }
    }
}
