#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;
using scores = std::vector<double>;

TEST_SUITE("scheduling/scorers") {
    TEST_CASE("queue-scorer spreads the candidates between the longest and the shortest queue") {
        test_pool pool(4);
        pool.signals.waiting = {0, 5, 10, 2};
        bench_plugin it("queue-scorer");
        // (10 - q) / 10
        CHECK(near(it.scores(pool), scores{1, 0.5, 0, 0.8}));
        pool.signals.waiting = {3, 3, 3, 3};
        CHECK(near(it.scores(pool), scores{1, 1, 1, 1}));
    }

    TEST_CASE("queue-scorer looks at candidates only") {
        test_pool pool(3);
        pool.signals.waiting = {0, 4, 8};
        pool.ready = {1, 2};
        CHECK(near(bench_plugin("queue-scorer").scores(pool), scores{1, 0}));
    }

    TEST_CASE("running-requests-size-scorer does the same with running requests") {
        test_pool pool(3);
        pool.signals.running = {1, 2, 5};
        CHECK(near(bench_plugin("running-requests-size-scorer").scores(pool), scores{1, 0.75, 0}));
    }

    TEST_CASE("kv-cache-utilization-scorer is one minus the usage") {
        test_pool pool(3);
        pool.signals.kv_usage = {0.25, 0.5, 1};
        CHECK(near(bench_plugin("kv-cache-utilization-scorer").scores(pool), scores{0.75, 0.5, 0}));
    }

    TEST_CASE("scorers without parameters take anything as parameters") {
        CHECK(bench_plugin("queue-scorer", "{threshold: x, y: [1]}").made != nullptr);
    }

    TEST_CASE("lora-affinity-scorer tests running, then room, then waiting") {
        test_pool pool(5);
        const lora_state runs{{"a", "mine"}, {}, 2};
        const lora_state room{{"a"}, {}, 2};
        const lora_state waits{{"a"}, {"mine"}, 2};
        const lora_state full{{"a"}, {"b"}, 2};
        pool.signals.lora = {&runs, &room, &waits, &full, nullptr};
        inference_request r;
        r.target_model = "mine";
        CHECK(
            near(bench_plugin("lora-affinity-scorer").scores(pool, r), scores{1, 0.8, 0.6, 0, 0}));
    }

    TEST_CASE("prefix-cache-scorer is the matched share of the prompt") {
        test_pool pool(3);
        prefix_told() = {4, 16, {4, 1, 0}, {}, false};
        bench_plugin it("prefix-cache-scorer", "{prefixMatchInfoProducerName: prefix}");
        CHECK(near(it.scores(pool), scores{1, 0.25, 0}));
        prefix_told() = {0, 16, {0, 0, 0}, {}, false};
        CHECK(near(it.scores(pool), scores{0, 0, 0}));
        prefix_told() = {4, 16, {4, 1, 0}, {}, true};
        CHECK(near(it.scores(pool), scores{0, 0, 0}));
    }

    TEST_CASE("prefix-cache-scorer can weigh the length of the match in") {
        test_pool pool(2);
        // 32 blocks of 16 tokens: 512 tokens, a half of 1024; 64 blocks: all of it.
        prefix_told() = {64, 16, {32, 64}, {}, false};
        bench_plugin it("prefix-cache-scorer",
                        "{prefixMatchInfoProducerName: prefix, matchLengthWeight: 0.5, "
                        "matchLengthScaleTokens: 1024}");
        // 0.5 * (0.5)^2 + 0.5 * 0.5 = 0.375
        CHECK(near(it.scores(pool), scores{0.375, 1}));
    }
}
