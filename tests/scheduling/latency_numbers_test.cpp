#include "scheduling/latency_numbers.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::scheduling;

TEST_SUITE("scheduling/latency_numbers") {
    TEST_CASE("what was foreseen, seen and missed, by model, under both names") {
        latency_numbers numbers;
        numbers.predicted("m", "t", {.predicted_ttft = 150}, 0.00001);
        numbers.observed(
            "m", "t",
            {.ttft = 300, .predicted_ttft = 150, .ttft_slo = 200, .tpot = 10, .tpot_slo = 20});
        metrics::exposition out;
        numbers.collect(out, "p", "q");
        const auto page = out.text();
        const std::string own =
            R"({model_name="m",plugin_name="p",plugin_type="q",target_model_name="t")";
        for (
            const auto& line :
            {"llm_d_epp_request_predicted_ttft_seconds_sum" + own + "} 0.15",
             "llm_d_epp_request_ttft_prediction_duration_seconds_count" + own + "} 1",
             "llm_d_epp_request_predicted_tpot_seconds_count" + own + "} 0",
             "llm_d_epp_request_slo_violation_total" + own + R"(,type="ttft"} 1)",
             "llm_d_epp_request_slo_violation_total" + own + R"(,type="tpot"} 0)",
             "llm_d_epp_inference_request_metric" + own + R"(,type="ttft"} 0.3)",
             "llm_d_epp_inference_request_metric" + own + R"(,type="ttft_slo_threshold"} 0.2)",
             std::string(
                 R"(inference_objective_request_ttft_seconds_sum{model_name="m",target_model_name="t"} 0.3)"),
             std::string(
                 R"(inference_objective_request_tpot_seconds_sum{model_name="m",target_model_name="t"} 0.01)")}) {
            CAPTURE(line);
            CHECK(page.find("\n" + line + "\n") != std::string::npos);
        }
    }
}
