#include "proxy/telemetry.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace weir;
using namespace weir::proxy;

namespace {

std::string page(const telemetry& numbers) {
    metrics::exposition out;
    numbers.collect(out);
    return out.text();
}

bool shows(const std::string& text, std::string_view line) {
    return text.find("\n" + std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_SUITE("proxy/telemetry") {
    TEST_CASE("a series is found again, whatever was looked up between") {
        label_caps caps;
        telemetry numbers(caps);
        auto& a = numbers.series("m", "t", "f", -1);
        auto& b = numbers.series("m", "t", "f", 1);
        CHECK(&a != &b);
        CHECK(&numbers.series("m", "t", "f", -1) == &a);
        CHECK(&numbers.series("m", "t", "f", 1) == &b);
    }

    TEST_CASE("each family and its deprecated twin, under the labels each has") {
        label_caps caps;
        telemetry numbers(caps);
        auto& s = numbers.series("m", "t", "f", 0);
        s.total.add();
        s.running.add();
        s.duration.observe(0.3);
        numbers.count_error(s, "BadRequest");
        numbers.count_rewrite("rule", "m", "t");
        numbers.count_failed_pick("t");
        endpoint picked;
        picked.name_space = "ns";
        picked.name = "e";
        picked.port = 80;
        numbers.count_pick(s, "t", {1, 1, 3, picked});
        numbers.count_answer(429, "saturated");
        const auto text = page(numbers);
        for (
            const char* line : {
                R"(llm_d_epp_request_total{fairness_id="f",model_name="m",priority="0",target_model_name="t"} 1)",
                R"(inference_objective_request_total{model_name="m",priority="0",target_model_name="t"} 1)",
                R"(llm_d_epp_request_running{fairness_id="f",model_name="m",priority="0",target_model_name="t"} 1)",
                R"(inference_objective_running_requests{model_name="m"} 1)",
                R"(llm_d_epp_request_duration_seconds_bucket{fairness_id="f",model_name="m",priority="0",target_model_name="t",le="0.4"} 1)",
                R"(inference_objective_request_duration_seconds_count{model_name="m",target_model_name="t"} 1)",
                R"(llm_d_epp_request_error_total{error_code="BadRequest",fairness_id="f",model_name="m",priority="0",target_model_name="t"} 1)",
                R"(inference_objective_request_error_total{error_code="BadRequest",model_name="m",target_model_name="t"} 1)",
                R"(llm_d_epp_model_rewrite_decisions_total{model_name="m",model_rewrite_name="rule",target_model="t"} 1)",
                R"(llm_d_epp_scheduler_attempts_total{endpoint_name="",namespace="",port="",status="failure",target_model_name="t"} 1)",
                R"(llm_d_epp_scheduler_attempts_total{endpoint_name="e",namespace="ns",port="80",status="success",target_model_name="t"} 1)",
                R"(inference_extension_scheduler_attempts_total{namespace="ns",pod_name="e",port="80",status="success",target_model_name="t"} 1)",
                R"(weir_answers_total{code="429",reason="saturated"} 1)",
            }) {
            CAPTURE(line);
            CHECK(shows(text, line));
        }
    }

    TEST_CASE("two workers add up to one page") {
        label_caps caps;
        telemetry a(caps);
        telemetry b(caps);
        a.series("m", "m", "f", 0).total.add();
        b.series("m", "m", "f", 0).total.add(2);
        metrics::exposition out;
        a.collect(out);
        b.collect(out);
        CHECK(shows(
            out.text(),
            R"(inference_objective_request_total{model_name="m",priority="0",target_model_name="m"} 3)"));
    }

    TEST_CASE("values beyond the cap share one series, so that memory stays bounded too") {
        label_caps caps;
        telemetry numbers(caps);
        for (int i = 0; i < 1000; ++i) {
            numbers.series("m" + std::to_string(i), {}, "f", 0);
        }
        auto& other = numbers.series("one more", {}, "f", 0);
        CHECK(&numbers.series("yet another", {}, "f", 0) == &other);
        CHECK(other.labels[0].second == "other");
        CHECK(&numbers.series("m7", {}, "f", 0) != &other);
    }

    TEST_CASE("combinations beyond the cap share one series, but for configured names") {
        label_caps caps;
        caps.models.keep("configured");
        telemetry numbers(caps);
        std::set<const request_series*> all;
        for (int model = 0; model < 100; ++model) {
            for (int flow = 0; flow < 100; ++flow) {
                const auto name = "m" + std::to_string(model);
                all.insert(&numbers.series(name, name, "f" + std::to_string(flow), 0));
            }
        }
        CHECK(all.size() == label_sets::limit + 1);
        telemetry other_worker(caps);
        CHECK(other_worker.series("m0", "m0", "f7", 0).labels[2].second == "f7");
        CHECK(other_worker.series("m99", "m99", "f7", 0).labels[2].second == "other");
        const auto& kept = numbers.series("configured", "m5", default_fairness_id, 0).labels;
        CHECK(kept[0].second == "configured");
        CHECK(kept[1].second == "other");
        CHECK(kept[2].second == default_fairness_id);
    }

    TEST_CASE("values that are the same once they are cut share one series") {
        label_caps caps;
        telemetry numbers(caps);
        const std::string longest(256, 'x');
        CHECK(&numbers.series("m", "m", longest + "1", 0) ==
              &numbers.series("m", "m", longest + "2", 0));
    }

    TEST_CASE("a request without a model is no running request of any") {
        label_caps caps;
        telemetry numbers(caps);
        numbers.series({}, {}, default_fairness_id, 0).duration.observe(1);
        const auto text = page(numbers);
        CHECK(text.find("request_running{") == std::string::npos);
        CHECK(text.find("llm_d_epp_request_duration_seconds_count{fairness_id=\"default-flow\"") !=
              std::string::npos);
    }

    TEST_CASE("the sums of all series, for a reader without labels") {
        label_caps caps;
        telemetry one(caps);
        telemetry other(caps);
        for (auto* numbers : {&one, &other}) {
            auto& s = numbers->series("m", "t", "f", 0);
            s.total.add();
            s.output_tokens.observe(20);
            s.ttft_stream.observe(0.03);
            numbers->count_answer(429, "saturated");
        }
        traffic_sums sums;
        one.add_to(sums);
        other.add_to(sums);
        CHECK(sums.requests == 2);
        CHECK(sums.output_tokens == 40);
        CHECK(sums.ttft_stream.counts.size() == sums.ttft_stream.bounds.size() + 1);
        CHECK(sums.ttft_stream.counts[2] == 2);  // 0.025 to 0.05
        CHECK(sums.answers.at({"429", "saturated"}) == 2);
    }
}
