#include "flowcontrol/saturation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace weir::flowcontrol {
namespace {

using config::concurrency_mode;
using config::detector_kind;
using config::detector_settings;
using indexes = std::span<const std::uint32_t>;

double load_ratio(const detector_settings& s, const signal_columns& signals, std::size_t i) {
    return std::max(signals.waiting[i] / s.queue_depth_threshold,
                    signals.kv_usage[i] / s.kv_cache_util_threshold);
}

saturation guide(const detector_settings& s, const signal_columns& signals, indexes candidates) {
    saturation out{std::numeric_limits<double>::infinity(), true, 0};
    for (const auto i : candidates) {
        if (is_stale(s, signals, i)) {
            ++out.stale;
            continue;
        }
        out.value = std::min(out.value, load_ratio(s, signals, i));
        if (signals.waiting[i] <= s.queue_depth_threshold &&
            signals.kv_usage[i] <= s.kv_cache_util_threshold) {
            out.saturated = false;
        }
    }
    if (!std::isfinite(out.value)) out.value = 1;
    return out;
}

saturation utilization(const detector_settings& s, const signal_columns& signals,
                       indexes candidates) {
    saturation out{0, true, 0};
    for (const auto i : candidates) {
        const bool stale = is_stale(s, signals, i);
        out.stale += stale ? 1 : 0;
        out.value += stale ? 1 : load_ratio(s, signals, i);
    }
    out.value /= static_cast<double>(candidates.size());
    out.saturated = out.value >= 1;
    return out;
}

saturation concurrency(const detector_settings& s, const signal_columns& signals,
                       indexes candidates) {
    const auto requests_cap = static_cast<double>(s.max_concurrency);
    const auto tokens_cap = static_cast<double>(s.max_token_concurrency);
    saturation out{0, true, 0};
    for (const auto i : candidates) {
        const auto requests = signals.inflight_requests[i] / requests_cap;
        const auto tokens = signals.inflight_tokens[i] / tokens_cap;
        switch (s.mode) {
            case concurrency_mode::requests:
                out.value += requests;
                break;
            case concurrency_mode::tokens:
                out.value += tokens;
                break;
            case concurrency_mode::hybrid:
                out.value += std::max(requests, tokens);
                break;
        }
    }
    out.value /= static_cast<double>(candidates.size());
    out.saturated = out.value >= 1;
    return out;
}

}  // namespace

bool is_stale(const detector_settings& settings, const signal_columns& signals, std::size_t i) {
    const auto limit = std::chrono::duration<double>(settings.metrics_staleness_threshold).count();
    return !(signals.age_seconds[i] <= std::max(limit, signals.staleness_floor[i]));
}

saturation detect_saturation(const detector_settings& settings, const signal_columns& signals,
                             indexes candidates) {
    if (candidates.empty()) return {};
    switch (settings.kind) {
        case detector_kind::guide:
            return guide(settings, signals, candidates);
        case detector_kind::utilization:
            return utilization(settings, signals, candidates);
        case detector_kind::concurrency:
            return concurrency(settings, signals, candidates);
    }
    return {};
}

}  // namespace weir::flowcontrol
