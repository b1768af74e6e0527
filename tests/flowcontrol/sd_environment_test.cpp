#include "flowcontrol/sd_environment.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace weir;
using namespace weir::flowcontrol;
using namespace std::chrono_literals;
using config::detector_kind;
using config::detector_settings;

namespace {

std::string shown(const log_line& line) {
    std::string out = line.message;
    for (const auto& [key, value] : line.fields) out += " " + key + "=" + value;
    return out;
}

config::detector_settings with(const sd_environment& environment, detector_settings base = {}) {
    return apply_sd_environment(std::move(base), environment).settings;
}

}  // namespace

TEST_SUITE("flowcontrol/sd_environment") {
    TEST_CASE("nothing set keeps the defaults and says so") {
        const auto r = apply_sd_environment({}, {});
        CHECK(r.settings.queue_depth_threshold == 5);
        CHECK(r.settings.kv_cache_util_threshold == 0.8);
        CHECK(r.settings.metrics_staleness_threshold == 200ms);
        REQUIRE(r.lines.size() == 4);
        CHECK(shown(r.lines[0]) ==
              "Environment variable not set, using default value key=SD_QUEUE_DEPTH_THRESHOLD "
              "defaultValue=5");
        CHECK(shown(r.lines[1]) ==
              "Environment variable not set, using default value key=SD_KV_CACHE_UTIL_THRESHOLD "
              "defaultValue=0.8");
        CHECK(shown(r.lines[2]) ==
              "Environment variable not set, using default value "
              "key=SD_METRICS_STALENESS_THRESHOLD defaultValue=200ms");
        CHECK(shown(r.lines[3]) ==
              "SaturationDetector configuration loaded from env "
              "config=&{QueueDepthThreshold:5 KVCacheUtilThreshold:0.8 "
              "MetricsStalenessThreshold:200ms}");
    }

    TEST_CASE("good values are taken and logged") {
        const auto r = apply_sd_environment({}, {"12", "0x1p-1", "1m30s"});
        CHECK(r.settings.queue_depth_threshold == 12);
        CHECK(r.settings.kv_cache_util_threshold == 0.5);
        CHECK(r.settings.metrics_staleness_threshold == 90s);
        REQUIRE(r.lines.size() == 4);
        CHECK(shown(r.lines[0]) ==
              "Successfully loaded environment variable key=SD_QUEUE_DEPTH_THRESHOLD value=12");
        CHECK(shown(r.lines[2]) ==
              "Successfully loaded environment variable key=SD_METRICS_STALENESS_THRESHOLD "
              "value=1m30s");
    }

    TEST_CASE("values that cannot be read fall back, empty ones included") {
        const auto r = apply_sd_environment({}, {"five", "", "200"});
        CHECK(r.settings.queue_depth_threshold == 5);
        CHECK(r.settings.kv_cache_util_threshold == 0.8);
        CHECK(r.settings.metrics_staleness_threshold == 200ms);
        REQUIRE(r.lines.size() == 4);
        CHECK(shown(r.lines[0]) ==
              "Failed to parse environment variable as int, using default value "
              "key=SD_QUEUE_DEPTH_THRESHOLD rawValue=five error=strconv.Atoi: parsing \"five\": "
              "invalid syntax defaultValue=5");
        CHECK(shown(r.lines[1]) ==
              "Failed to parse environment variable as float64, using default value "
              "key=SD_KV_CACHE_UTIL_THRESHOLD rawValue= error=strconv.ParseFloat: parsing \"\": "
              "invalid syntax defaultValue=0.8");
        CHECK(shown(r.lines[2]) ==
              "Failed to parse environment variable as time.Duration, using default value "
              "key=SD_METRICS_STALENESS_THRESHOLD rawValue=200 error=time: missing unit in "
              "duration \"200\" defaultValue=200ms");
    }

    TEST_CASE("values out of range fall back") {
        for (const auto* queue : {"0", "-1"}) {
            CHECK(with({queue, {}, {}}).queue_depth_threshold == 5);
        }
        for (const auto* kv : {"0", "-0.5", "1", "1.0", "80", "inf", "-inf"}) {
            CAPTURE(kv);
            CHECK(with({{}, kv, {}}).kv_cache_util_threshold == 0.8);
        }
        for (const auto* staleness : {"0", "0s", "-5s"}) {
            CHECK(with({{}, {}, staleness}).metrics_staleness_threshold == 200ms);
        }
        CHECK(with({{}, "0.999", {}}).kv_cache_util_threshold == 0.999);
        CHECK(std::isnan(with({{}, "nan", {}}).kv_cache_util_threshold));
    }

    TEST_CASE("a configured utilization detector is overridden where a variable is set") {
        detector_settings base;
        base.kind = detector_kind::utilization;
        base.queue_depth_threshold = 40;
        base.kv_cache_util_threshold = 1;  // allowed in a file
        CHECK(apply_sd_environment(base, {}).lines.empty());
        const auto r = apply_sd_environment(base, {{}, {}, "1s"});
        CHECK(r.settings.queue_depth_threshold == 40);
        CHECK(r.settings.kv_cache_util_threshold == 1);
        CHECK(r.settings.metrics_staleness_threshold == 1s);
        REQUIRE_FALSE(r.lines.empty());
        CHECK(r.lines[0].warning);
        CHECK(r.lines[0].message ==
              "Configuring Saturation Detector using environment variables is deprecated and will "
              "be removed in next version");
        CHECK(with({"abc", {}, {}}, base).queue_depth_threshold == 40);
    }

    TEST_CASE("a concurrency detector knows none of the variables") {
        detector_settings base;
        base.kind = detector_kind::concurrency;
        const auto r = apply_sd_environment(base, {"1", "0.1", "1s"});
        CHECK(r.lines.empty());
        CHECK(r.settings.queue_depth_threshold == 5);
    }
}
