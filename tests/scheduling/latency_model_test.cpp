#include "scheduling/latency_model.hpp"

#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

using namespace weir::scheduling;

}  // namespace

TEST_SUITE("scheduling/latency_model") {
    TEST_CASE("least squares finds a line and follows it when it moves") {
        online_regression<2> line;
        for (int i = 0; i < 200; ++i) line.observe({1, i % 10 * 1.0}, 5 + 3.0 * (i % 10));
        CHECK(std::abs(line.predict({1, 4}) - 17) < 0.01);
        CHECK(line.confidence() > 0.85);
        for (int i = 0; i < 1500; ++i) line.observe({1, i % 10 * 1.0}, 50 + 1.0 * (i % 10));
        CHECK(std::abs(line.predict({1, 4}) - 54) < 0.5);
    }

    TEST_CASE("noise without a pattern is no confidence") {
        online_regression<2> noise;
        random_source random(3);
        for (int i = 0; i < 500; ++i) noise.observe({1, random.unit()}, random.unit() * 100);
        CHECK(noise.confidence() < 0.2);
        CHECK(online_regression<2>().confidence() == 0);
    }

    TEST_CASE("an input that never varies does not blow up") {
        online_regression<3> flat;
        for (int i = 0; i < 5000; ++i) flat.observe({1, 0, 7}, 42);
        CHECK(std::isfinite(flat.predict({1, 5, 7})));
        CHECK(std::abs(flat.predict({1, 0, 7}) - 42) < 0.1);
    }

    TEST_CASE("all endpoints speak for a new one until it speaks for itself") {
        latency_model model;
        latency_features f;
        f.uncached_tokens = 1000;
        CHECK_FALSE(model.ready());
        CHECK_FALSE(model.predict(1, f).known);
        for (int i = 0; i < 40; ++i) model.observe_ttft(1, f, 100);
        CHECK(model.ready());
        CHECK(std::abs(model.predict(2, f).ttft_ms - 100) < 5);
        for (int i = 0; i < 40; ++i) model.observe_ttft(2, f, 500);
        CHECK(std::abs(model.predict(2, f).ttft_ms - 500) < 25);
        CHECK(std::abs(model.predict(1, f).ttft_ms - 100) < 5);
        model.observe_ttft(1, f, std::nan(""));
        model.observe_ttft(1, f, -5);
        CHECK(std::isfinite(model.predict(1, f).ttft_ms));
    }

    TEST_CASE("what a prompt costs depends on what is not cached") {
        latency_model model;
        for (int i = 0; i < 400; ++i) {
            latency_features f;
            f.uncached_tokens = 1000.0 * (i % 5);
            model.observe_ttft(1, f, 20 + 50.0 * (i % 5));
        }
        latency_features f;
        f.uncached_tokens = 2500;
        CHECK(std::abs(model.predict(1, f).ttft_ms - 145) < 2);
    }

    TEST_CASE("the smallest SLO that runs counts, each as often as it runs") {
        latency_model model;
        CHECK(model.least_tpot_slo(1) == 0);
        model.add_tpot_slo(1, 30);
        model.add_tpot_slo(1, 20);
        model.add_tpot_slo(1, 20);
        CHECK(model.least_tpot_slo(1) == 20);
        model.remove_tpot_slo(1, 20);
        CHECK(model.least_tpot_slo(1) == 20);
        model.remove_tpot_slo(1, 20);
        CHECK(model.least_tpot_slo(1) == 30);
        model.remove_tpot_slo(1, 99);
        CHECK(model.least_tpot_slo(2) == 0);
    }
}
