#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/picker_settings.hpp"

namespace weir::flowcontrol {

/// `SD_QUEUE_DEPTH_THRESHOLD`, `SD_KV_CACHE_UTIL_THRESHOLD` and `SD_METRICS_STALENESS_THRESHOLD` as
/// the process found them; nothing: not set. Set but empty counts as set.
struct sd_environment {
    std::optional<std::string> queue_depth;
    std::optional<std::string> kv_cache_util;
    std::optional<std::string> metrics_staleness;
};

/// A line for the start-up log.
struct log_line {
    bool warning = false;
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;
};

struct sd_result {
    config::detector_settings settings;
    std::vector<log_line> lines;
};

/// Overrides detector settings from the environment, once at start-up. Values are read as Go reads
/// them (`strconv.Atoi`, `strconv.ParseFloat`, `time.ParseDuration`) and logged in the words of
/// gateway-api-inference-extension v0.5 to v1.3; one that cannot be read, or is out of range
/// (queue <= 0, KV <= 0 or >= 1, staleness <= 0), leaves the setting as it is. The detector without
/// a configuration reports on every variable; a configured utilization detector only when one is
/// set, with a warning; the concurrency detector knows none of them.
sd_result apply_sd_environment(config::detector_settings settings,
                               const sd_environment& environment);

}  // namespace weir::flowcontrol
