#include "sim/metrics_lie.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::sim;

namespace {

const std::string page =
    "# TYPE vllm:num_requests_waiting gauge\n"
    "vllm:num_requests_waiting{engine=\"0\"} 3\n"
    "vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\n"
    "process_start_time_seconds 7\n";

plain_answer shown(metrics_fault fault) {
    server_faults f;
    f.metrics = fault;
    f.metrics_status = 503;
    return lie({200, "text/plain", page}, f);
}

}  // namespace

TEST_SUITE("sim/metrics_lie") {
    TEST_CASE("every sample is poisoned, and no comment") {
        for (const auto& [fault, value] :
             {std::pair(metrics_fault::nan, "NaN"), std::pair(metrics_fault::infinite, "+Inf"),
              std::pair(metrics_fault::negative, "-1.0")}) {
            const std::string v = value;
            CHECK(shown(fault).body ==
                  "# TYPE vllm:num_requests_waiting gauge\n"
                  "vllm:num_requests_waiting{engine=\"0\"} " +
                      v + "\nvllm:kv_cache_usage_perc{engine=\"0\"} " + v +
                      "\nprocess_start_time_seconds " + v + "\n");
        }
    }

    TEST_CASE("what a router reads is missing, the rest is there") {
        CHECK(shown(metrics_fault::missing).body == "process_start_time_seconds 7\n");
    }

    TEST_CASE("half a page, none, and pages of another kind") {
        CHECK(shown(metrics_fault::truncated).body == page.substr(0, page.size() / 2));
        CHECK(shown(metrics_fault::empty).body.empty());
        CHECK(shown(metrics_fault::html).content_type == "text/html");
        CHECK(shown(metrics_fault::status).status == 503);
        CHECK(shown(metrics_fault::garbage).body.find('\0') == 0);
    }

    TEST_CASE("faults of time and of the connection leave the page as it is") {
        for (const auto fault : {metrics_fault::none, metrics_fault::frozen, metrics_fault::huge,
                                 metrics_fault::slow, metrics_fault::hang, metrics_fault::reset}) {
            CHECK(shown(fault).body == page);
        }
    }
}
