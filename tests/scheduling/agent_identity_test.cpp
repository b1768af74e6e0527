#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/agent_identity") {
    TEST_CASE("the first header with a value says who it is; own ones come first") {
        picker_under_test it(
            "plugins: [{type: agent-identity, parameters: {additionalSessionHeaders: [' X-Mine ', "
            "'']}}]\n");
        const auto found = [&](std::vector<header_field> fields) {
            inference_request r;
            r.headers = fields;
            return std::string(it.read_headers(r).fairness_id);
        };
        CHECK(found({{"session_id", "5"}}) == "5");
        CHECK(found({{"session_id", "5"}, {"session-id", "4"}}) == "4");
        CHECK(found({{"session-id", "4"}, {"x-session-affinity", "3"}}) == "3");
        CHECK(found({{"x-session-affinity", "3"}, {"x-claude-code-session-id", "2"}}) == "2");
        CHECK(found({{"x-claude-code-session-id", "2"}, {"x-mine", " 1 "}}) == "1");
        CHECK(found({{"x-mine", "  "}, {"session_id", "5"}}) == "5");
        CHECK(found({{"other", "1"}}).empty());
    }
}
