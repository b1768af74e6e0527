#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/label_selector_filter") {
    TEST_CASE("Kubernetes' rules: all terms must hold, NotIn also fits an absent key") {
        test_pool pool(4);
        pool.label(0, "a", "1");
        pool.label(0, "b", "x");
        pool.label(1, "a", "2");
        pool.label(2, "b", "x");
        struct row {
            const char* parameters;
            ids kept;
        };
        for (const auto& [parameters, kept] : {
                 row{"{}", {0, 1, 2, 3}},
                 row{"", {0, 1, 2, 3}},
                 row{"{matchLabels: {a: '1'}}", {0}},
                 row{"{matchLabels: {a: '1', b: y}}", {}},
                 row{"{matchExpressions: [{key: a, operator: In, values: ['1', '2']}]}", {0, 1}},
                 row{"{matchExpressions: [{key: a, operator: NotIn, values: ['1']}]}", {1, 2, 3}},
                 row{"{matchExpressions: [{key: a, operator: Exists}]}", {0, 1}},
                 row{"{matchExpressions: [{key: a, operator: DoesNotExist}]}", {2, 3}},
                 row{"{matchLabels: {b: x}, matchExpressions: [{key: a, operator: DoesNotExist}]}",
                     {2}},
             }) {
            CAPTURE(parameters);
            CHECK(one_plugin("label-selector-filter", parameters).kept(pool) == kept);
            CHECK(one_plugin("by-label-selector", parameters).kept(pool) == kept);
        }
    }

    TEST_CASE("terms that Kubernetes refuses are refused") {
        const auto errors = [](const char* p) { return errors_of("label-selector-filter", p); };
        CHECK(errors("{matchExpressions: [{key: a, operator: In}]}") ==
              "7:35 matchExpressions: values must be non-empty for In and NotIn\n");
        CHECK(errors("{matchExpressions: [{key: a, operator: Exists, values: [x]}]}") ==
              "7:70 matchExpressions: values must be empty for Exists and DoesNotExist\n");
        CHECK(errors("{matchExpressions: [{key: a, operator: in, values: [x]}]}") ==
              "7:54 unsupported matchExpressions[0].operator \"in\"\n");
        CHECK(errors("{matchExpressions: [{operator: Exists}]}") ==
              "7:35 matchExpressions: key is required\n");
        CHECK(errors("{matchLabels: {a: 1}}") ==
              "7:33 matchLabels.a must be a string, not a whole number\n");
    }

    TEST_CASE("the older name is deprecated and says which is meant") {
        CHECK(hints_in("plugins: [{type: by-label-selector}]\n") ==
              "3:18 plugin type 'by-label-selector' is deprecated\n");
    }
}
