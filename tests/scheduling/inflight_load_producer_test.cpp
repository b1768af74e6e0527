#include "roles.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

std::string document(const std::string& more) {
    return "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: always}}}\n"
           "- {name: always, type: always-disagg-pd-decider}\n"
           "- {name: approx-prefix-cache-producer, type: test-prefix-producer}\n"
           "- {type: inflight-load-producer, parameters: {prefixMatchInfoProducerName: "
           "approx-prefix-cache-producer" +
           more +
           "}}\n- type: decode-filter\n- type: prefill-filter\nschedulingProfiles:\n"
           "- {name: decode, plugins: [{pluginRef: decode-filter}]}\n"
           "- {name: prefill, plugins: [{pluginRef: prefill-filter}]}\n";
}

}  // namespace

TEST_SUITE("scheduling/inflight_load_producer") {
    TEST_CASE("each profile's first target is charged with a request and its uncached tokens") {
        auto pool = pool_with_roles({"decode", "prefill"});
        prefix_told() = {4, 64, {3, 1}, {}, false};
        picker_under_test it(document(""));
        const auto& made = it.decide(pool, sized_request(300).request);
        REQUIRE(made.charges.size() == 2);
        // Decode at 0: 1 * 64 + (300 - 256); prefill at 1: 3 * 64 + 44.
        CHECK(made.charges[0].endpoint == 0);
        CHECK(made.charges[0].tokens == 108);
        CHECK(made.charges[0].tokens_until == release_at::first_chunk);
        CHECK(made.charges[0].requests_until == release_at::end);
        CHECK(made.charges[1].endpoint == 1);
        CHECK(made.charges[1].tokens == 236);
        CHECK(made.charges[1].requests_until == release_at::first_chunk);
    }

    TEST_CASE("output is estimated from the whole input and kept until the end") {
        auto pool = pool_with_roles({"decode", "prefill"});
        prefix_told() = {4, 64, {4, 4}, {}, false};
        picker_under_test it(document(", addEstimatedOutputTokens: true"));
        const auto& made = it.decide(pool, sized_request(257).request);
        REQUIRE(made.charges.size() == 2);
        // 1 uncached token and round(257 * 1.5) = round(385.5) = 386
        CHECK(made.charges[0].tokens == 387);
        CHECK(made.charges[0].tokens_until == release_at::end);
        CHECK(made.charges[1].tokens_until == release_at::first_chunk);
        CHECK(made.charges[1].requests_until == release_at::first_chunk);
    }

    TEST_CASE("uncached tokens are published for each candidate") {
        auto pool = pool_with_roles({"decode", "prefill"});
        prefix_told() = {4, 64, {3, 1}, {}, true};  // nothing known: the whole input
        picker_under_test it(document(""));
        it.decide(pool, sized_request(300).request);
        CHECK(it.data().numbers.at(0).values == scores{300, 300});
    }

    TEST_CASE("numbers are not negative") {
        CHECK(errors_of("inflight-load-producer", "{outputRatio: -1}") ==
              "7:29 outputRatio must be >= 0, got -1\n");
        CHECK(errors_of("inflight-load-producer", "{maxEstimatedOutputTokens: -1}") ==
              "7:42 maxEstimatedOutputTokens must be >= 0, got -1\n");
    }
}
