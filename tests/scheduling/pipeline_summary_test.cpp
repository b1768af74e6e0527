#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/pipeline_summary") {
    TEST_CASE("what defaulting added is marked, what a file has says where") {
        const auto made = load_ok(
            document_of("plugins:\n- type: queue-scorer\n- {name: pick, type: random-picker}\n"
                        "- {name: models, type: models-data-source}\n"));
        std::string text;
        for (const auto& p : made->plugins()) {
            text += p.name + "/" + p.type + (p.implicit ? " implicit" : "") +
                    (p.file.empty() ? "" : " " + p.file + ":" + std::to_string(p.line)) + "\n";
        }
        CHECK(text.find("queue-scorer/queue-scorer picker.yaml:4\n") == 0);
        CHECK(text.find("pick/random-picker picker.yaml:5\n") != std::string::npos);
        CHECK(text.find("models/models-data-source picker.yaml:6\n") != std::string::npos);
        CHECK(text.find("single-profile-handler/single-profile-handler implicit\n") !=
              std::string::npos);
        CHECK(text.find("metrics-data-source/metrics-data-source implicit\n") != std::string::npos);
    }

    TEST_CASE("the effective configuration is JSON") {
        const auto json =
            load_ok(document_of("featureGates: [flowControl]\nplugins:\n- type: "
                                "queue-scorer\nschedulingProfiles:\n- {name: p, "
                                "plugins: [{pluginRef: queue-scorer, weight: 2.5}]}\n"))
                ->effective_json();
        CHECK(
            json.find(R"("schedulingProfiles":[{"name":"p","plugins":[{"pluginRef":"queue-scorer",)"
                      R"("role":"scorer","weight":2.5},{"pluginRef":"max-score-picker","role":)"
                      R"("picker"}]}])") != std::string::npos);
        CHECK(json.find(R"("profileHandler":"single-profile-handler")") != std::string::npos);
        CHECK(json.find(R"("featureGates":{"flowControl":true})") != std::string::npos);
        CHECK(json.find(R"("saturationDetector":"utilization-detector")") != std::string::npos);
        CHECK(load_ok(document_of("plugins: [{type: queue-scorer}]\n"))
                  ->effective_json()
                  .find(R"("saturationDetector":"guide")") != std::string::npos);
    }
}
