#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/plugin_builder") {
    TEST_CASE("an unknown plugin type is named with its place and the nearest type") {
        const auto l = load_text(document_of("plugins:\n- type: queue-scoer\n"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->message == "plugin type 'queue-scoer' is not registered");
        CHECK(l.first()->code == "WEIR0404");
        CHECK(l.first()->at.start.line == 4);
        CHECK(l.first()->at.start.column == 9);
        CHECK(l.first()->suggestion == "queue-scorer");
    }

    TEST_CASE("a plugin without a type") {
        CHECK(error_of("plugins:\n- name: x\n")
                  .starts_with("WEIR0402 4:3 plugin 'x' is missing a type"));
    }

    TEST_CASE("two plugins of one name") {
        CHECK(error_of("plugins:\n- type: queue-scorer\n- type: queue-scorer\n") ==
              "WEIR0403 5:9 duplicate plugin name 'queue-scorer'");
    }

    TEST_CASE("references to other plugins: unknown, of the wrong kind, in a circle") {
        const auto l = load_text(document_of(R"(plugins:
- type: disagg-profile-handler
  parameters: {deciders: {prefill: always}}
- {name: always-on, type: always-disagg-pd-decider}
- type: queue-scorer
schedulingProfiles: [{name: decode, plugins: [{pluginRef: queue-scorer}]}, {name: prefill}]
)"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->code == "WEIR0407");
        CHECK(l.first()->message ==
              "failed to create plugin 'disagg-profile-handler' (type: disagg-profile-handler): "
              "prefill plugin not "
              "found: always");
        CHECK(l.first()->at.start.line == 5);
        CHECK(l.first()->at.start.column == 36);
        CHECK(error_of(
                  "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: "
                  "queue-scorer}}}\n"
                  "- type: queue-scorer\nschedulingProfiles: [{name: decode}, {name: prefill}]\n")
                  .find("plugin queue-scorer does not implement a decider") != std::string::npos);
        CHECK(error_of("plugins:\n- {name: h, type: disagg-profile-handler, parameters: {deciders: "
                       "{prefill: h}}}\n"
                       "schedulingProfiles: [{name: decode}, {name: prefill}]\n")
                  .find("WEIR0412 4:76 failed to build plugin dependency graph: plugin 'h' depends "
                        "on itself") != std::string::npos);
    }

    TEST_CASE("data nobody produces") {
        const auto l =
            load_text(document_of("plugins:\n- {type: prefix-cache-scorer, parameters: "
                                  "{prefixMatchInfoProducerName: mine}}\n"));
        CHECK(l.all() ==
              "WEIR0412 4:73 no default producer found for missing data key "
              "PrefixCacheMatchInfoDataKey/mine\n");
        CHECK(
            load_text(document_of(
                          "dataLayer: {injectDefaults: false}\nplugins: [{type: queue-scorer}]\n"))
                .made == nullptr);
        CHECK(error_of("plugins: [{type: session-id-producer}]\n")
                  .find("exactly one of headerName and cookieName must be set") !=
              std::string::npos);
        CHECK(error_of("plugins: [{type: multicluster-queue-scorer}]\n")
                  .find("no default producer found") != std::string::npos);
    }

    TEST_CASE("data producers are made when nobody wrote them down") {
        const auto made = load_ok(document_of("plugins: [{type: token-load-scorer}]\n"));
        CHECK(made->find("inflight-load-producer") != nullptr);
        CHECK(load_ok(document_of("plugins: [{type: active-request-scorer}]\n"))
                  ->find("inflight-load-producer") != nullptr);
        const auto latency = load_ok(document_of("plugins: [{type: latency-scorer}]\n"));
        CHECK(latency->find("predicted-latency-producer") != nullptr);
        CHECK(latency->find("approx-prefix-cache-producer") != nullptr);
        CHECK(latency->find("token-producer") != nullptr);
    }

    TEST_CASE("alpha types load with a note, deprecated ones name their successor") {
        const auto l =
            load_text(document_of("plugins:\n- {type: utilization-filter, parameters: {conditions: "
                                  "[{metric: waiting-queue, maxValue: 3}]}}\n"
                                  "- {type: by-label-selector}\n"));
        CHECK(l.made != nullptr);
        const auto notes = l.all(config::severity::note);
        CHECK(notes.find("WEIR0421 4:10 plugin type 'utilization-filter' is of alpha stability") !=
              std::string::npos);
        CHECK(notes.find("WEIR0421 5:10 plugin type 'by-label-selector' is deprecated") !=
              std::string::npos);
        CHECK(l.all(config::severity::warning).empty());
    }
}
