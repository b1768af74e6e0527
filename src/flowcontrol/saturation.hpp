#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "config/picker_settings.hpp"
#include "weir/signals.hpp"

/// Whether, and in which order, requests go on to scheduling.
namespace weir::flowcontrol {

/// How full the candidates of a pool are.
struct saturation {
    double value = 1;       ///< 1 is full; may exceed it
    bool saturated = true;  ///< sheddable requests are turned away
    std::size_t stale = 0;  ///< candidates whose signals are missing or too old
};

/// Asks the configured detector about the endpoints in `candidates` (indexes into the columns).
/// No candidates: saturated, value 1. Pure; any thread.
///
/// - guide (gateway-api-inference-extension v0.5 to v1.3): saturated unless some endpoint is fresh
///   with queue <= threshold and KV usage <= threshold. The value is the least, over the fresh
///   ones, of max(queue / threshold, KV / threshold), and 1 when none is fresh.
/// - utilization (llm-d-router head): the mean of those ratios, stale ones counting 1;
///   saturated from 1 on.
/// - concurrency (llm-d-router head): requests or tokens under way against the cap of all
///   endpoints together; hybrid: the mean of each endpoint's larger ratio. Saturated from 1 on.
///
/// Signals are stale when older than max(metrics_staleness_threshold, the endpoint's floor).
saturation detect_saturation(const config::detector_settings& settings,
                             const signal_columns& signals,
                             std::span<const std::uint32_t> candidates);

/// Whether the signals of endpoint `i` are too old to be believed.
bool is_stale(const config::detector_settings& settings, const signal_columns& signals,
              std::size_t i);

}  // namespace weir::flowcontrol
