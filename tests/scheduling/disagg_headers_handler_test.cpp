#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/disagg_headers_handler") {
    TEST_CASE("it writes the stages' headers for handlers that do not, under both of its names") {
        test_pool pool(2);
        pool.label(0, "llm-d.ai/role", "decode");
        pool.label(1, "llm-d.ai/role", "prefill");
        for (const auto* type : {"disagg-headers-handler", "prefill-header-handler"}) {
            CAPTURE(type);
            picker_under_test it(
                "plugins:\n- {type: pd-profile-handler, parameters: {deciderPluginName: always, "
                "prefillProfile: pre}}\n- {name: always, type: always-disagg-pd-decider}\n- "
                "{type: " +
                std::string(type) +
                ", parameters: {prefillProfile: pre}}\n- type: decode-filter\n- type: "
                "prefill-filter\n"
                "schedulingProfiles:\n- {name: decode, plugins: [{pluginRef: decode-filter}]}\n"
                "- {name: pre, plugins: [{pluginRef: prefill-filter}]}\n");
            const auto& made = it.decide(pool);
            REQUIRE(made.upstream_headers.size() == 3);
            CHECK(made.upstream_headers[0].remove);
            CHECK(made.upstream_headers[1].remove);
            CHECK(made.upstream_headers[2].name == "x-prefiller-host-port");
            CHECK(made.upstream_headers[2].value == "10.0.0.2:8000");
        }
    }

    TEST_CASE("unknown parameters are refused") {
        CHECK(errors_of("prefill-header-handler", "{prefill: x}") ==
              "7:16 json: unknown field \"prefill\"\n");
    }
}
