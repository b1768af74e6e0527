#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/request_attribute_reporter") {
    TEST_CASE("one attribute with a name and an expression; what weir lacks is said") {
        CHECK(
            hints_in("plugins: [{type: request-attribute-reporter, parameters: {attributes: [{key: "
                     "{name: tokens}, expression: usage.total_tokens}]}}]\n") ==
            "3:71 weir has no proxy metadata to report to; usage is in its metrics and access "
            "log\n");
        const auto errors = [](const char* p) {
            return errors_of("request-attribute-reporter", p);
        };
        CHECK(errors("{attributes: []}") == "7:28 exactly one attribute must be configured\n");
        CHECK(errors("{attributes: [{key: {}, expression: usage}]}") ==
              "7:35 attributes: key.name is required\n");
        CHECK(errors("{attributes: [{key: {name: a}}]}") ==
              "7:29 attributes: expression is required\n");
        CHECK(errors("{attributes: [{key: {name: a}, expression: 'usage.total_tokens *', "
                     "condition: 'has(usage.total_tokens'}]}") ==
              "7:58 attributes: expression: a value is missing at character 21\n"
              "7:93 attributes: condition: ')' is missing at character 23\n");
    }
}
