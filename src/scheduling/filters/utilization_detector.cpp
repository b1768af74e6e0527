#include <algorithm>
#include <memory>

#include "scheduling/detector_plugin.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Saturation is computed by flow control; as a filter it keeps fresh endpoints with capacity, or
/// all when none has any.
class utilization final : public plugin_of<filter>, public detector_plugin {
  public:
    explicit utilization(const config::detector_settings& s) : s_(s) {}

    const config::detector_settings& detector() const override { return s_; }

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const auto& signals = *candidates.signals;
        const double queue = s_.queue_depth_threshold * (1 + s_.headroom);
        const double kv = s_.kv_cache_util_threshold * (1 + s_.headroom);
        const double stale = std::chrono::duration<double>(s_.metrics_staleness_threshold).count();
        bool any = false;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            const bool fresh =
                signals.age_seconds[e] <= std::max(stale, signals.staleness_floor[e]);
            const bool fits = fresh && signals.waiting[e] < queue && signals.kv_usage[e] < kv;
            keep[i] = fits ? 1 : 0;
            any = any || fits;
        }
        if (!any) std::fill(keep.begin(), keep.end(), std::uint8_t{1});
    }

  private:
    config::detector_settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    config::detector_settings s;
    s.kind = config::detector_kind::utilization;
    s.name = context.name();
    s.queue_depth_threshold = static_cast<double>(p.integer("queueDepthThreshold", 5, above(0)));
    s.kv_cache_util_threshold =
        p.number("kvCacheUtilThreshold", 0.8, {.min = 0, .max = 1, .min_excluded = true});
    s.metrics_staleness_threshold =
        p.duration("metricsStalenessThreshold", s.metrics_staleness_threshold);
    if (s.metrics_staleness_threshold.count() <= 0) {
        p.reject("metricsStalenessThreshold", "metricsStalenessThreshold must be > 0");
    }
    s.headroom = p.number("headroom", 0, at_least(0));
    if (s.headroom > 1) p.warn("headroom", "a headroom above 1 more than doubles the thresholds");
    return std::make_unique<utilization>(s);
}

constexpr parameter_doc docs[] = {
    {"queueDepthThreshold", "int", "5", "waiting requests at which an endpoint counts as full"},
    {"kvCacheUtilThreshold", "float", "0.8", "KV cache share at which an endpoint counts as full"},
    {"metricsStalenessThreshold", "duration", "200ms", "older metrics count as full"},
    {"headroom", "float", "0", "as a filter: share by which the thresholds may be passed"},
};

}  // namespace

extern const plugin_type utilization_detector = {
    .name = "utilization-detector",
    .level = stability::beta,
    .summary =
        "saturation from queue depth and KV cache; as a filter keeps endpoints with capacity",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
