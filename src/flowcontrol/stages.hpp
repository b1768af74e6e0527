#pragma once

#include <cstdint>
#include <span>

#include "flowcontrol/saturation.hpp"
#include "weir/endpoint.hpp"

namespace weir::flowcontrol {

/// How full a pool is, by the part its endpoints play (label `llm-d.ai/role`).
struct stage_levels {
    double prefill = 0;  ///< 0 when no endpoint plays that part
    double decode = 0;
    double effective = 1;  ///< the larger of the two; of the whole pool when none is classified
    std::size_t stale = 0;
    bool ready = false;  ///< the pool has an endpoint
};

/// Asks the detector for each stage: `prefill` and `encode-prefill` prefill; `decode` or no role
/// decode; `prefill-decode`, `both` and `encode-prefill-decode` both; others play neither part.
/// Source: llm-d-router, `pkg/epp/flowcontrol/controller`. Pure.
stage_levels detect_stages(const config::detector_settings& settings, const signal_columns& signals,
                           std::span<const endpoint> endpoints,
                           std::span<const std::uint32_t> candidates);

}  // namespace weir::flowcontrol
