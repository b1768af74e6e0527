#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/by_label") {
    TEST_CASE("the label's value must be listed; without the label it depends") {
        test_pool pool(4);
        pool.label(0, "tier", "a");
        pool.label(1, "tier", "b");
        pool.label(2, "tier", "");
        struct row {
            const char* parameters;
            ids kept;
        };
        for (const auto& [parameters, kept] : {
                 row{"{label: tier, validValues: [a]}", {0}},
                 row{"{label: tier, validValues: [a, b, c]}", {0, 1}},
                 row{"{label: tier, validValues: [a], allowsNoLabel: true}", {0, 3}},
                 row{"{label: tier, validValues: [''], allowsNoLabel: false}", {2}},
                 row{"{label: tier, allowsNoLabel: true}", {3}},
                 row{"{LABEL: tier, validvalues: [b]}", {1}},  // names match as in Go
             }) {
            CAPTURE(parameters);
            CHECK(one_plugin("by-label", parameters).kept(pool) == kept);
        }
    }

    TEST_CASE("what cannot keep anything is refused") {
        CHECK(errors_of("by-label", "{label: tier}") ==
              "7:15 validValues must be set, or allowsNoLabel be true\n");
        CHECK(errors_of("by-label", "{validValues: [a]}") == "7:15 label is required\n");
        CHECK(errors_of("by-label", "{label: tier, validValues: a}") ==
              "7:42 validValues must be a list of strings, not a string\n"
              "7:42 validValues must be set, or allowsNoLabel be true\n");
        CHECK(errors_of("by-label", "{label: tier, validValues: [a], valid: 1}") ==
              "7:47 json: unknown field \"valid\"\n");
    }

    TEST_CASE("it is deprecated") {
        CHECK(hints_in(
                  "plugins: [{type: by-label, parameters: {label: a, allowsNoLabel: true}}]\n") ==
              "3:18 plugin type 'by-label' is deprecated\n");
    }
}
