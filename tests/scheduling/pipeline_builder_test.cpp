#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

const std::string profile_q =
    "schedulingProfiles:\n- name: p\n  plugins: [{pluginRef: queue-scorer}]\n";

}  // namespace

TEST_SUITE("scheduling/pipeline_builder") {
    TEST_CASE("profiles: names, references, two pickers") {
        CHECK(error_of("plugins: [{type: queue-scorer}]\nschedulingProfiles: [{plugins: []}]\n")
                  .find("schedulingProfiles[0] is missing a name") != std::string::npos);
        CHECK(error_of("plugins: [{type: header-profile-handler}]\nschedulingProfiles: [{name: a}, "
                       "{name: a}]\n")
                  .find("schedulingProfiles[1] has duplicate name 'a'") != std::string::npos);
        CHECK(error_of("plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: p, plugins: "
                       "[{weight: 1}]}]\n")
                  .find("schedulingProfiles[p].plugins[0] is missing a 'pluginRef'") !=
              std::string::npos);
        const auto l =
            load_text(document_of("plugins: [{type: queue-scorer}]\nschedulingProfiles:\n- name: "
                                  "p\n  plugins: [{pluginRef: queue-scorr}]\n"));
        CHECK(l.all() ==
              "WEIR0407 6:25 configuration validation failed: schedulingProfiles[p] references "
              "undefined plugin "
              "'queue-scorr'\n");
        CHECK(l.first()->suggestion == "queue-scorer");
        CHECK(error_of("plugins: [{type: random-picker}, {name: m, type: "
                       "max-score-picker}]\nschedulingProfiles:\n"
                       "- name: p\n  plugins: [{pluginRef: random-picker}, {pluginRef: m}]\n") ==
              "WEIR0409 6:53 scheduler config build failed: failed to set 'm/max-score-picker' as "
              "picker, already have "
              "a registered picker plugin 'random-picker/random-picker'");
    }

    TEST_CASE("profile handlers: none, several, the wrong one") {
        CHECK(error_of(
                  "plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: a}, {name: b}]\n")
                  .find("no profile handler configured") != std::string::npos);
        CHECK(error_of("plugins: [{type: single-profile-handler}]\nschedulingProfiles: [{name: a}, "
                       "{name: b}]\n")
                  .find("SingleProfileHandler cannot support multiple scheduling profiles") !=
              std::string::npos);
        CHECK(error_of("plugins: [{type: single-profile-handler}, {type: header-profile-handler}]\n"
                       "schedulingProfiles: [{name: a}]\n")
                  .find("multiple profile handlers found ('single-profile-handler', "
                        "'header-profile-handler'); only "
                        "one is allowed") != std::string::npos);
        CHECK(error_of("plugins: [{type: disagg-profile-handler}]\nschedulingProfiles: [{name: a}, "
                       "{name: prefill}]\n")
                  .find("needs a scheduling profile named 'decode'") != std::string::npos);
    }

    TEST_CASE("without profiles all filters, scorers and pickers make one") {
        const auto made =
            load_ok(document_of("plugins: [{type: queue-scorer}, {type: decode-filter}, {type: "
                                "random-picker}, {type: token-producer}]\n"));
        const auto p = made->profiles();
        REQUIRE(p.size() == 1);
        CHECK(p[0].name == "default");
        REQUIRE(p[0].plugins.size() == 3);
        CHECK(p[0].plugins[0].role == "filter");
        CHECK(p[0].plugins[1].weight == 1);
        CHECK(p[0].plugins[2].plugin == "random-picker");
    }

    TEST_CASE("a profile without a picker takes the one of the configuration") {
        const auto made = load_ok(
            document_of("plugins: [{type: queue-scorer}, {type: random-picker}]\n" + profile_q));
        CHECK(made->profiles()[0].plugins.back().plugin == "random-picker");
    }

    TEST_CASE("all mistakes are reported in one pass") {
        const auto l = load_text(
            document_of("featureGates: [x]\nplugins: [{type: nope}, {type: random-picker, "
                        "parameters: {a: 1}}]\n"
                        "schedulingProfiles: [{name: p, plugins: [{pluginRef: gone}]}]\n"));
        CHECK(l.found.count(config::severity::error) == 4);
    }

    TEST_CASE("the estimate's settings reach the scan of the body") {
        const auto made = load_ok(document_of(
            "plugins: [{type: token-producer, parameters: {estimate: {image: {mode: static, "
            "static: "
            "{staticToken: 5}}, video: {defaultDuration: 4, frames: {mode: strided, strided: "
            "{defaultSourceFPS: 10, frameStride: 2}}}}}}]\n"));
        const auto& rules = made->media();
        CHECK(rules.image.fixed);
        CHECK(rules.image.tokens == 5);
        CHECK(rules.video.strided);
        CHECK(rules.video.seconds == 4);
        CHECK(rules.video.source_per_second == 10);
        CHECK(rules.video.stride == 2);
        CHECK_FALSE(load_ok(document_of("plugins: []\n"))->media().image.fixed);
    }
}
