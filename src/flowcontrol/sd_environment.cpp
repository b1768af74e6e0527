#include "flowcontrol/sd_environment.hpp"

#include <chrono>

#include "base/strings.hpp"
#include "flowcontrol/go_numbers.hpp"

namespace weir::flowcontrol {
namespace {

std::string show(std::int64_t value) { return std::to_string(value); }
std::string show(double value) { return go_format_float(value); }
std::string show(std::chrono::nanoseconds value) { return format_go_duration(value); }

/// Reads one variable; `fallback` when it is absent or cannot be read.
template <class T>
T read(std::string_view key, std::string_view type, const std::optional<std::string>& raw,
       T fallback, go_value<T> (*parse)(std::string_view), std::vector<log_line>& lines) {
    if (!raw) {
        lines.push_back({false,
                         "Environment variable not set, using default value",
                         {{"key", std::string(key)}, {"defaultValue", show(fallback)}}});
        return fallback;
    }
    const auto parsed = parse(*raw);
    if (const auto* error = std::get_if<std::string>(&parsed)) {
        lines.push_back({false,
                         "Failed to parse environment variable as " + std::string(type) +
                             ", using default value",
                         {{"key", std::string(key)},
                          {"rawValue", *raw},
                          {"error", *error},
                          {"defaultValue", show(fallback)}}});
        return fallback;
    }
    const auto value = std::get<T>(parsed);
    lines.push_back({false,
                     "Successfully loaded environment variable",
                     {{"key", std::string(key)}, {"value", show(value)}}});
    return value;
}

}  // namespace

sd_result apply_sd_environment(config::detector_settings settings,
                               const sd_environment& environment) {
    sd_result out{settings, {}};
    const bool any =
        environment.queue_depth || environment.kv_cache_util || environment.metrics_staleness;
    if (settings.kind == config::detector_kind::concurrency) return out;
    if (settings.kind == config::detector_kind::utilization) {
        if (!any) return out;
        out.lines.push_back({true,
                             "Configuring Saturation Detector using environment variables is "
                             "deprecated and will be removed in next version",
                             {}});
    }
    const auto queue =
        read("SD_QUEUE_DEPTH_THRESHOLD", "int", environment.queue_depth,
             static_cast<std::int64_t>(settings.queue_depth_threshold), go_atoi, out.lines);
    const auto kv = read("SD_KV_CACHE_UTIL_THRESHOLD", "float64", environment.kv_cache_util,
                         settings.kv_cache_util_threshold, go_parse_float, out.lines);
    const auto staleness =
        read("SD_METRICS_STALENESS_THRESHOLD", "time.Duration", environment.metrics_staleness,
             settings.metrics_staleness_threshold, go_parse_duration, out.lines);
    if (environment.queue_depth && queue > 0) {
        out.settings.queue_depth_threshold = static_cast<double>(queue);
    }
    // Written so that NaN is taken, as the reference takes it: everything is saturated then.
    if (!(kv <= 0 || kv >= 1)) out.settings.kv_cache_util_threshold = kv;
    if (staleness.count() > 0) out.settings.metrics_staleness_threshold = staleness;
    out.lines.push_back(
        {false,
         "SaturationDetector configuration loaded from env",
         {{"config",
           "&{QueueDepthThreshold:" +
               show(static_cast<std::int64_t>(out.settings.queue_depth_threshold)) +
               " KVCacheUtilThreshold:" + go_format_float(out.settings.kv_cache_util_threshold) +
               " MetricsStalenessThreshold:" +
               format_go_duration(out.settings.metrics_staleness_threshold) + "}"}}});
    return out;
}

}  // namespace weir::flowcontrol
