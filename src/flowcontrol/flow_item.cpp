#include "flowcontrol/flow_item.hpp"

namespace weir::flowcontrol {
namespace {

constexpr std::string_view saturated = "rejected-saturated";
constexpr std::string_view no_endpoints = "rejected-no-endpoints";

rejection refused(int status, std::string_view text, std::string_view word) {
    return {.status = status, .text = text, .reason = word, .dropped_reason = word};
}

}  // namespace

std::string_view to_string(outcome o) {
    switch (o) {
        case outcome::queued:
            return "NotYetFinalized";
        case outcome::dispatched:
            return "Dispatched";
        case outcome::rejected_capacity:
            return "RejectedCapacity";
        case outcome::rejected_no_endpoints:
            return "RejectedNoEndpoints";
        case outcome::evicted_ttl:
            return "EvictedTTL";
        case outcome::evicted_no_endpoints:
            return "EvictedNoEndpoints";
        case outcome::evicted_cancelled:
            return "EvictedContextCancelled";
        case outcome::shutting_down:
            return "EvictedOther";
    }
    return "RejectedOther";
}

rejection rejection_for(outcome o) {
    switch (o) {
        case outcome::rejected_capacity:
            return refused(429,
                           "inference gateway: InferencePoolResourceExhausted - request rejected "
                           "pre-queue: queue at capacity",
                           saturated);
        case outcome::rejected_no_endpoints:
            return refused(503,
                           "inference gateway: ServiceUnavailable - no endpoints available: "
                           "request rejected pre-queue: no endpoints available",
                           no_endpoints);
        case outcome::evicted_ttl:
            return refused(429,
                           "inference gateway: InferencePoolResourceExhausted - request timed out "
                           "in queue: request evicted from queue: request TTL expired",
                           "rejected-ttl-expired");
        case outcome::evicted_no_endpoints:
            return refused(503,
                           "inference gateway: ServiceUnavailable - request timed out in queue and "
                           "no endpoints are available: request evicted from queue: request TTL "
                           "expired: no endpoints available",
                           no_endpoints);
        case outcome::evicted_cancelled:
            return refused(503,
                           "inference gateway: ServiceUnavailable - client disconnected: request "
                           "evicted from queue: request context cancelled: context canceled",
                           "rejected-context-cancelled");
        case outcome::queued:
        case outcome::dispatched:
        case outcome::shutting_down:
            break;
    }
    return refused(503,
                   "inference gateway: ServiceUnavailable - flow controller shutting down: "
                   "request evicted from queue: flow controller is not running",
                   "rejected-shutting-down");
}

rejection evicted() { return refused(429, "request evicted by flow control", "evicted"); }

}  // namespace weir::flowcontrol
