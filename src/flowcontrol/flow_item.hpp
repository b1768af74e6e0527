#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "flowcontrol/admission.hpp"

namespace weir::flowcontrol {

/// How a request left flow control, or that it has not.
enum class outcome : std::uint8_t {
    queued,                 ///< waits
    dispatched,             ///< goes on to scheduling
    rejected_capacity,      ///< a limit was reached when it arrived
    rejected_no_endpoints,  ///< the same, while the pool has no endpoint
    evicted_ttl,            ///< waited too long
    evicted_no_endpoints,   ///< waited too long for an endpoint
    evicted_cancelled,      ///< its client has gone
    shutting_down,          ///< the gateway leaves
};

/// The outcome's name as llm-d-router's metrics have it: `Dispatched`, `RejectedCapacity`, ….
std::string_view to_string(outcome o);

/// What the client is told of an outcome that is neither `queued` nor `dispatched`. Texts and
/// reasons: llm-d-router, `pkg/epp/requestcontrol`.
rejection rejection_for(outcome o);
/// What the client of a request is told that was ended for a more important one.
rejection evicted();

/// One request at the gate. The flow is {fairness id, priority}. The caller fills the first part;
/// the second is the engine's. Changed only under the gate's lock while it is queued.
struct flow_item {
    virtual ~flow_item() = default;

    int priority = 0;
    std::string fairness_id;
    std::uint64_t bytes = 0;           ///< of the body
    time_point received{};             ///< when the request's head arrived
    std::optional<duration> slo_ttft;  ///< x-llm-d-slo-ttft-ms
    std::string model_label;           ///< for metrics, folded
    std::string target_label;
    std::string fairness_label;

    time_point enqueued{};
    std::uint64_t sequence = 0;  ///< order of arrival; 0: not queued
    std::int64_t rank = 0;       ///< the band's ordering policy: less goes first, then the sequence
    int band = 0;                ///< priority of the band it waits in
    std::uint64_t lease = 0;     ///< order of being let through, while its end matters; else 0
};

using item_ptr = std::shared_ptr<flow_item>;

}  // namespace weir::flowcontrol
