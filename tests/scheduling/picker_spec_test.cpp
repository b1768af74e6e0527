#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/picker_spec") {
    TEST_CASE("the envelope is strict and case-sensitive") {
        const auto l =
            load_text(document_of("Plugins: []\nplugins: [{type: queue-scorer, weight: 1}]\n"));
        CHECK(l.all() ==
              "WEIR0401 3:1 failed to decode configuration JSON/YAML: strict decoding error: "
              "unknown field \"Plugins\"\n"
              "WEIR0401 4:32 failed to decode configuration JSON/YAML: strict decoding error: "
              "unknown field "
              "\"plugins[0].weight\"\n");
        CHECK(l.first()->suggestion == "plugins");
    }

    TEST_CASE("apiVersion and kind must be the picker's") {
        CHECK(load_text("apiVersion: v1\nkind: EndpointPickerConfig\n").first()->message ==
              "no kind \"EndpointPickerConfig\" is registered for version \"v1\"");
        CHECK(load_text("apiVersion: llm-d.ai/v1\nkind: EndpointPickerConfig\n").first() ==
              nullptr);
        CHECK(load_text("apiVersion: llm-d.ai/v1alpha1\nkind: Pod\n").first()->code == "WEIR0401");
    }

    TEST_CASE("feature gates") {
        CHECK(error_of("featureGates: [flowControll]\n") ==
              "WEIR0411 3:16 feature gate 'flowControll' is unknown or unregistered");
        CHECK(error_of("featureGates: [flowControl=maybe]\n") ==
              "WEIR0411 3:16 maybe is not a valid value for the feature gate flowControl");
        const auto made = load_ok(
            document_of("featureGates: [\"flowControl= T \"]\nplugins: [{type: queue-scorer}]\n"));
        CHECK(made->settings().flow_control);
        CHECK(made->settings().detector.kind == config::detector_kind::utilization);
    }
}
