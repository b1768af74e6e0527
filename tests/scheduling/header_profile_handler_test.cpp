#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

constexpr const char* two =
    "plugins: [{type: header-profile-handler}]\n"
    "schedulingProfiles: [{name: prefill}, {name: decode}]\n";

}  // namespace

TEST_SUITE("scheduling/header_profile_handler") {
    TEST_CASE("the header names the profile; blank or absent is the default") {
        test_pool pool(1);
        struct row {
            const char* value;
            const char* profile;
        };
        for (const auto& [value, profile] :
             {row{"prefill", "prefill"}, row{" prefill ", "prefill"}, row{"", "decode"},
              row{"  ", "decode"}, row{"decode", "decode"}}) {
            CAPTURE(value);
            picker_under_test it(two);
            CHECK(it.explain(pool, headed_request("epp-profile", value).request).at(0).name ==
                  profile);
        }
        picker_under_test it(two);
        CHECK(it.explain(pool).at(0).name == "decode");
    }

    TEST_CASE("an unknown profile runs nothing, which names the request") {
        test_pool pool(1);
        picker_under_test it(two);
        for (const auto* value : {"Prefill", "other"}) {
            headed_request r("epp-profile", value);
            r.request.request_id = "r7";
            const auto& made = it.decide(pool, r.request);
            CHECK(made.error == decision_error::no_target);
            CHECK(status_of(made.error) == 429);
            CHECK(made.message ==
                  "failed to find target endpoint: failed to run any scheduler profile for request "
                  "r7");
        }
    }

    TEST_CASE("one profile alone always runs") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: header-profile-handler}]\nschedulingProfiles: [{name: only}]\n");
        CHECK(it.explain(pool, headed_request("epp-profile", "x").request).at(0).name == "only");
    }

    TEST_CASE("another header and default; blank ones are the usual") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: header-profile-handler, parameters: {headerName: ' X-P ', "
            "defaultProfile: ' b '}}]\nschedulingProfiles: [{name: a}, {name: b}]\n");
        CHECK(it.explain(pool).at(0).name == "b");
        CHECK(it.explain(pool, headed_request("x-p", "a").request).at(0).name == "a");
        picker_under_test blank(
            "plugins: [{type: header-profile-handler, parameters: {headerName: '', defaultProfile: "
            "' '}}]\nschedulingProfiles: [{name: a}, {name: decode}]\n");
        CHECK(blank.explain(pool).at(0).name == "decode");
        CHECK(blank.explain(pool, headed_request("epp-profile", "a").request).at(0).name == "a");
    }
}
