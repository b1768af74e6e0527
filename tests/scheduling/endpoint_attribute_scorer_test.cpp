#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

scores scored(const test_pool& pool, const char* type, const char* normalization) {
    return one_plugin("endpoint-attribute-scorer",
                      std::string("{attributeKey: T, algorithm: {type: ") + type +
                          ", normalization: {" + normalization + "}}}")
        .scored(pool);
}

}  // namespace

TEST_SUITE("scheduling/endpoint_attribute_scorer") {
    TEST_CASE("fixed range: clamped; adaptive range: between the candidates' least and most") {
        test_pool pool(4);
        pool.signals.attributes.push_back({"T/core-metrics-extractor", {10, 30, std::nan(""), 50}});
        CHECK(near(scored(pool, "linear_lower_is_better", "fixedRange: {min: 0, max: 40}"),
                   scores{0.75, 0.25, 0, 0}));
        CHECK(near(scored(pool, "linear_higher_is_better", "fixedRange: {min: 20, max: 40}"),
                   scores{0, 0.5, 0, 1}));
        CHECK(near(scored(pool, "linear_higher_is_better", "adaptiveRange: {}"),
                   scores{0, 0.5, 0, 1}));
        CHECK(near(scored(pool, "linear_lower_is_better", ""), scores{1, 0.5, 0, 0}));
        pool.signals.attributes[0].values = {7, 7, std::nan(""), 7};
        CHECK(near(scored(pool, "linear_higher_is_better", ""), scores{1, 1, 0, 1}));
        pool.signals.attributes.clear();
        CHECK(near(scored(pool, "linear_higher_is_better", ""), scores{0, 0, 0, 0}));
    }

    TEST_CASE("the extractor's own values and other producers") {
        test_pool pool(2);
        pool.signals.running = {1, 3};
        CHECK(near(one_plugin("endpoint-attribute-scorer",
                              "{attributeKey: RunningRequestsSize, algorithm: {type: "
                              "linear_lower_is_better}}")
                       .scored(pool),
                   scores{1, 0}));
        pool.signals.attributes = {{"X/mine", {1, 2}}, {"Y", {2, 1}}};
        CHECK(near(one_plugin("endpoint-attribute-scorer",
                              "{attributeKey: X, producer: mine, algorithm: {type: "
                              "linear_higher_is_better}}")
                       .scored(pool),
                   scores{0, 1}));
        CHECK(near(one_plugin("endpoint-attribute-scorer",
                              "{attributeKey: Y, producer: '', algorithm: {type: "
                              "linear_higher_is_better}}")
                       .scored(pool),
                   scores{1, 0}));
    }

    TEST_CASE("parameters are checked") {
        const auto errors = [](const std::string& p) {
            return errors_of("endpoint-attribute-scorer", "{" + p + "}");
        };
        CHECK(errors("attributeKey: T, algorithm: {type: linear}") ==
              "7:51 unsupported algorithm.type \"linear\"\n");
        CHECK(errors("attributeKey: a/b, algorithm: {type: linear_lower_is_better}") ==
              "7:30 attributeKey must not contain '/': name the producer separately\n");
        CHECK(errors("algorithm: {type: linear_lower_is_better}") ==
              "7:15 attributeKey is required\n");
        CHECK(errors("attributeKey: T, algorithm: {type: linear_lower_is_better, normalization: "
                     "{fixedRange: {min: 1, max: 1}}}") == "7:117 fixedRange: min must be < max\n");
        CHECK(errors("attributeKey: T, algorithm: {type: linear_lower_is_better, normalization: "
                     "{fixedRange: {min: 0, max: 1}, adaptiveRange: {}}}") ==
              "7:136 at most one of fixedRange and adaptiveRange may be set\n");
    }
}
