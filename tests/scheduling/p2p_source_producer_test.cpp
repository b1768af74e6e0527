#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

std::string document(const std::string& parameters) {
    return "plugins:\n- {name: prefix, type: test-prefix-producer}\n- {type: p2p-source-producer, "
           "parameters: {prefixMatchInfoProducerName: prefix" +
           (parameters.empty() ? "" : ", " + parameters) + "}}\n- type: queue-scorer\n";
}

}  // namespace

TEST_SUITE("scheduling/p2p_source_producer") {
    TEST_CASE("it names the endpoint with the most cached tokens, unless that one computes") {
        test_pool pool(3);
        prefix_told() = {10, 64, {9, 2, 0}, {}, false};
        picker_under_test it(document(""));
        pool.signals.waiting = {9, 0, 5};
        const auto& made = it.decide(pool);  // the shortest queue: endpoint 1
        REQUIRE(made.primary_targets()[0] == 1);
        REQUIRE(made.upstream_headers.size() == 2);
        CHECK(made.upstream_headers[0].name == "x-kv-cache-source-host-port");
        CHECK(made.upstream_headers[0].remove);  // a client's own
        CHECK(made.upstream_headers[1].value == "10.0.0.1:8000");
        pool.signals.waiting = {0, 5, 5};
        CHECK(it.decide(pool).upstream_headers.size() == 1);
    }

    TEST_CASE("the source must hold more than the computing endpoint by so many tokens") {
        test_pool pool(2);
        pool.signals.waiting = {9, 0};
        prefix_told() = {10, 64, {4, 2}, {}, false};  // 256 and 128
        CHECK(picker_under_test(document("minCachedTokenDelta: 128"))
                  .decide(pool)
                  .upstream_headers.size() == 2);
        CHECK(picker_under_test(document("minCachedTokenDelta: 129"))
                  .decide(pool)
                  .upstream_headers.size() == 1);
        prefix_told() = {10, 64, {0, 0}, {}, false};
        CHECK(picker_under_test(document("")).decide(pool).upstream_headers.size() == 1);
    }

    TEST_CASE("among nearly equal sources shorter queues are likelier, by the request's id") {
        test_pool pool(3);
        pool.signals.waiting = {1, 3, 0};
        prefix_told() = {10, 64, {9, 8, 0}, {}, false};  // within one block
        picker_under_test it(document(""));
        int first = 0;
        for (int i = 0; i < 3000; ++i) {
            const auto id = "request-" + std::to_string(i);
            inference_request r;
            r.request_id = id;
            const auto& made = it.decide(pool, r);
            REQUIRE(made.upstream_headers.size() == 2);
            first += made.upstream_headers[1].value == "10.0.0.1:8000" ? 1 : 0;
        }
        // 1/2 against 1/4: two thirds
        CHECK(std::abs(first - 2000) < 150);
    }

    TEST_CASE("the delta is at least 1") {
        CHECK(errors_of("p2p-source-producer", "{minCachedTokenDelta: 0}") ==
              "7:37 minCachedTokenDelta must be >= 1, got 0\n");
    }
}
