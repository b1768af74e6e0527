#include "roles.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

std::string document(const std::string& parameters) {
    return "plugins:\n- {type: pd-profile-handler, parameters: {" + parameters +
           "}}\n- {name: always, type: always-disagg-pd-decider}\n"
           "- {type: prefix-based-pd-decider, parameters: {nonCachedTokens: 16}}\n"
           "- type: decode-filter\n- type: prefill-filter\nschedulingProfiles:\n"
           "- {name: decode, plugins: [{pluginRef: decode-filter}]}\n"
           "- {name: prefill, plugins: [{pluginRef: prefill-filter}]}\n";
}

}  // namespace

TEST_SUITE("scheduling/pd_profile_handler") {
    TEST_CASE("decode, then prefill if the decider says so; headers are another plugin's") {
        auto pool = pool_with_roles({"decode", "prefill"});
        picker_under_test it(document("deciderPluginName: always"));
        const auto seen = it.explain(pool);
        REQUIRE(seen.size() == 2);
        CHECK(seen[0].name == "decode");
        CHECK(seen[1].name == "prefill");
        const auto& made = it.decide(pool);
        CHECK(made.primary_targets()[0] == 0);
        CHECK(made.port_override == -1);
        CHECK(made.upstream_headers.empty());
        pool.ready = {1};
        CHECK(it.explain(pool).size() == 1);
        CHECK(it.decide(pool).error == decision_error::filters_empty);
    }

    TEST_CASE("the default decider is the one called prefix-based-pd-decider") {
        auto pool = pool_with_roles({"decode", "prefill"});
        picker_under_test it(document(""));
        CHECK(it.explain(pool, sized_request(15).request).size() == 1);
        CHECK(it.explain(pool, sized_request(16).request).size() == 2);
    }

    TEST_CASE("with a primary port the real one goes into a header") {
        auto pool = pool_with_roles({"decode", "prefill"});
        picker_under_test it(document("deciderPluginName: always, primaryPort: 9000"));
        const auto& made = it.decide(pool);
        CHECK(made.port_override == 9000);
        REQUIRE(made.upstream_headers.size() == 1);
        CHECK(made.upstream_headers[0].name == "x-data-parallel-host-port");
        CHECK(made.upstream_headers[0].value == "10.0.0.1:8000");
        CHECK(errors_in(document("primaryPort: 70000")).find("must be in [0,65535], got 70000") !=
              std::string::npos);
    }

    TEST_CASE("a prefix plugin must exist although it has no effect") {
        CHECK(errors_in(document("prefixPluginName: nobody")).find("plugin not found: nobody") !=
              std::string::npos);
        CHECK(errors_in(document("prefixPluginType: nobody")).find("plugin not found: nobody") !=
              std::string::npos);
        CHECK(errors_in(document("prefixPluginName: always")) == "");
    }
}
