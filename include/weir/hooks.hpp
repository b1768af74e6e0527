#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/candidates.hpp"
#include "weir/decision.hpp"

namespace weir {

/// What a request-header hook learned; views point into the request.
struct header_findings {
    std::string_view fairness_id;  ///< used when the request names none
};

/// Reads the request's headers first of all. Any worker at once.
class request_header_hook {
  public:
    virtual ~request_header_hook() = default;
    virtual void request_header(const inference_request& request, header_findings& out) = 0;
};

/// Takes endpoints out of a request's sight before anything is produced. Any worker at once.
class screener {
  public:
    virtual ~screener() = default;
    /// As `filter::apply`; every screener sees the full set, what all keep remains.
    virtual void screen(const decision_context& context, const candidate_view& candidates,
                        std::span<std::uint8_t> keep) = 0;
};

/// Turns requests away after producers ran. Any worker at once.
class admitter {
  public:
    virtual ~admitter() = default;
    /// Empty: admitted; else the reason, which follows `request cannot be admitted: `.
    virtual std::string admit(const decision_context& context,
                              const candidate_view& candidates) = 0;
};

/// Runs once the target is known, before anything is sent. The place to write state and upstream
/// headers.
class pre_request_hook {
  public:
    virtual ~pre_request_hook() = default;
    /// `candidates` are all that the decision could choose from; producers' data and this worker's
    /// scratch are those of this request.
    virtual void pre_request(const decision_context& context, const candidate_view& candidates,
                             decision& chosen) = 0;
};

/// How a request ended.
enum class end_cause : std::uint8_t { natural, client_disconnect, evicted, error };

/// What is known of an answer when a response hook is called.
struct response_facts {
    std::string_view request_id;
    std::string_view target_model;
    const decision& chosen;
    std::span<const endpoint> endpoints;  ///< the pool view of the decision
    std::chrono::steady_clock::time_point now;
    int status = 0;  ///< 0: no head arrived
    bool stream = false;
    end_cause cause = end_cause::natural;  ///< of `complete`
    double first_token_seconds = -1;       ///< since the request was sent upstream; -1 not seen
    double total_seconds = -1;             ///< of `complete`, since the request was sent upstream
    std::int64_t prompt_tokens = -1;       ///< usage as the model server told; -1 unknown
    std::int64_t output_tokens = -1;
    std::int64_t cached_tokens = -1;
    std::string_view model{};  ///< as the client named it; may be empty
};

/// Follows the answer. Each is called on the request's worker; different requests at once on
/// different workers.
class response_hook {
  public:
    virtual ~response_hook() = default;
    /// The head arrived and has not been sent on; may append headers for the client.
    virtual void response_header(const response_facts&, std::vector<header_change>&) {}
    /// The first part of the body arrived.
    virtual void first_chunk(const response_facts&) {}
    /// Called exactly once for each request whose pre_request hooks ran, in every way it can end.
    virtual void complete(const response_facts&) {}
};

}  // namespace weir
