#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

/// Whether prefill runs for a prompt of so many tokens. The matches are those told: the decider
/// reads the producer of the default name.
bool prefills(const test_pool& pool, const std::string& parameters, std::size_t tokens) {
    picker_under_test it(
        "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: pd}}}\n"
        "- {name: approx-prefix-cache-producer, type: test-prefix-producer}\n"
        "- {name: pd, type: prefix-based-pd-decider, parameters: " +
        parameters + "}\nschedulingProfiles: [{name: decode}, {name: prefill}]\n");
    const sized_request r(tokens);
    return it.explain(pool, r.request).size() == 2;
}

}  // namespace

TEST_SUITE("scheduling/prefix_based_pd_decider") {
    TEST_CASE("input and uncached tokens must reach nonCachedTokens, input also promptTokens") {
        struct row {
            const char* parameters;
            std::size_t tokens;
            double cached;  ///< blocks of 64 tokens at the decode endpoint
            bool wanted;
        };
        for (const auto& [parameters, tokens, cached, wanted] : {
                 row{"{}", 10'000, 0, false},  // 0: never
                 row{"{nonCachedTokens: 0, promptTokens: 1}", 10'000, 0, false},
                 row{"{nonCachedTokens: 128}", 127, 0, false},
                 row{"{nonCachedTokens: 128}", 128, 0, true},
                 row{"{nonCachedTokens: 128}", 256, 2, true},   // 256 - 128 = 128
                 row{"{nonCachedTokens: 128}", 255, 2, false},  // 127
                 row{"{nonCachedTokens: 128, promptTokens: 300}", 299, 0, false},
                 row{"{nonCachedTokens: 128, promptTokens: 300}", 300, 0, true},
             }) {
            CAPTURE(parameters);
            CAPTURE(tokens);
            test_pool pool(1);
            prefix_told() = {40, 64, {cached}, {}, false};
            CHECK(prefills(pool, parameters, tokens) == wanted);
        }
    }

    TEST_CASE("the unweighted count of cached blocks decides") {
        test_pool pool(1);
        prefix_told() = {40, 64, {1}, {3}, false};
        CHECK_FALSE(prefills(pool, "{nonCachedTokens: 100}", 256));  // 256 - 192 = 64
    }

    TEST_CASE("without matches it says no") {
        test_pool pool(1);
        prefix_told() = {40, 64, {1}, {}, true};
        CHECK_FALSE(prefills(pool, "{nonCachedTokens: 1}", 1000));
    }

    TEST_CASE("negative numbers are refused") {
        CHECK(errors_of("prefix-based-pd-decider", "{nonCachedTokens: -1}") ==
              "7:33 nonCachedTokens must be >= 0, got -1\n");
        CHECK(errors_of("prefix-based-pd-decider", "{promptTokens: -1}") ==
              "7:30 promptTokens must be >= 0, got -1\n");
    }
}
