#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "config/model.hpp"
#include "flowcontrol/saturation.hpp"

namespace weir::flowcontrol {

/// What admission needs to know of a request.
struct admission_facts {
    int priority = 0;                          ///< of its InferenceObjective; 0 without one
    std::optional<config::criticality> level;  ///< of its InferenceModel, if it has one
};

/// Leave to go on to candidates and scheduling. Kept with the request until it ends.
struct ticket {};

/// Why a request does not go on, as the client is told.
struct rejection {
    int status = 429;
    std::string_view text;            ///< the whole body text
    std::string_view reason;          ///< `x-weir-reason`
    std::string_view dropped_reason;  ///< `x-llm-d-request-dropped-reason`
    int retry_after_seconds = 1;
};

using admission = std::variant<ticket, rejection>;

/// Whether the request may be turned away when its pool is saturated: with an InferenceModel unless
/// that is `Critical` (gateway-api-inference-extension v0.5.1), otherwise when its priority is
/// negative. The saturation of others need not be read.
bool is_sheddable(const admission_facts& facts);

/// Decides at once. Comes before candidates are read, and before the answer to an empty pool: an
/// empty pool is saturated. Pure; any thread.
admission admit(const admission_facts& facts, const saturation& pool);

}  // namespace weir::flowcontrol
