#include "scheduling/data_graph.hpp"

#include <doctest/doctest.h>

#include "doctest_vectors.hpp"

using namespace weir;
using namespace weir::scheduling;
using ids = std::vector<std::uint32_t>;

TEST_SUITE("scheduling/data_graph") {
    TEST_CASE("a producer runs after those whose data it requires or welcomes, else in its turn") {
        data_graph g;
        g.consume(0, data_kind::prefix_match, "p", data_need::required);
        g.publish(0, data_kind::latency_prediction, "l");
        g.publish(1, data_kind::prefix_match, "p");
        g.consume(2, data_kind::latency_prediction, "l", data_need::optional);
        ids cycle;
        CHECK(g.order({2, 0, 1, 3}, cycle) == ids{1, 0, 2, 3});
        CHECK(cycle.empty());
    }

    TEST_CASE("what is merely welcome closes no circle") {
        data_graph g;
        g.consume(0, data_kind::prefix_match, "p", data_need::optional);
        g.publish(0, data_kind::uncached_tokens, "u");
        g.consume(1, data_kind::uncached_tokens, "u", data_need::required);
        g.publish(1, data_kind::prefix_match, "p");
        ids cycle;
        CHECK(g.order({1, 0}, cycle) == ids{0, 1});
        CHECK(cycle.empty());
    }

    TEST_CASE("a circle is named by its members") {
        data_graph g;
        g.consume(0, data_kind::prefix_match, "b", data_need::required);
        g.publish(0, data_kind::prefix_match, "a");
        g.consume(1, data_kind::prefix_match, "a", data_need::required);
        g.publish(1, data_kind::prefix_match, "b");
        ids cycle;
        CHECK(g.order({0, 1, 2}, cycle) == ids{2});
        CHECK(cycle == ids{0, 1});
    }

    TEST_CASE("the default producer stands for an empty name; what nobody fills is missing") {
        data_graph g;
        const auto slot = g.consume(0, data_kind::prefix_match, "", data_need::required);
        CHECK(g.consume(1, data_kind::prefix_match, "approx-prefix-cache-producer",
                        data_need::required) == slot);
        std::size_t at = 0;
        const auto* use = g.missing(at);
        REQUIRE(use != nullptr);
        CHECK(use->producer == "approx-prefix-cache-producer");
        CHECK(g.find(data_kind::prefix_match, "approx-prefix-cache-producer") == no_slot);
        CHECK(g.publish(2, data_kind::prefix_match, "approx-prefix-cache-producer") == slot);
        at = 0;
        CHECK(g.missing(at) == nullptr);
        CHECK(g.find(data_kind::prefix_match, "approx-prefix-cache-producer") == slot);
    }

    TEST_CASE(
        "a plugin that could not be made needs nothing, and what it would fill is no riddle") {
        data_graph g;
        g.consume(0, data_kind::latency_prediction, "", data_need::required);
        g.publish(0, data_kind::prefix_match, "mine");
        g.consume(1, data_kind::prefix_match, "mine", data_need::required);
        g.forget(0);
        std::size_t at = 0;
        CHECK(g.missing(at) == nullptr);
        ids cycle;
        CHECK(g.order({1}, cycle) == ids{1});
    }

    TEST_CASE("slots are counted by kind; what has no column has no slot") {
        data_graph g;
        CHECK(g.publish(0, data_kind::prefix_match, "a") == 0);
        CHECK(g.publish(1, data_kind::prefix_match, "b") == 1);
        CHECK(g.publish(2, data_kind::uncached_tokens, "c") == 0);
        CHECK(g.publish(3, data_kind::encoder_match, "d") == 1);
        CHECK(g.publish(4, data_kind::session_id, "e") == 0);
        CHECK(g.publish(5, data_kind::tokenized_prompt, "f") == no_slot);
        CHECK(g.counts().prefix == 2);
        CHECK(g.counts().numbers == 2);
        CHECK(g.counts().texts == 1);
    }
}
