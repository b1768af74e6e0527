#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "scheduling/scheduler.hpp"
#include "sim/engine.hpp"
#include "weir/decision.hpp"
#include "weir/endpoint.hpp"
#include "weir/request.hpp"
#include "weir/signals.hpp"

namespace weir::quality {

/// A way to choose endpoints, by name. `document` empty: one of the plain ones (`random`,
/// `round-robin`, `least-requests`), a built-in default (`reference`, `weir`) or a bound
/// (`bounds.hpp`).
struct policy {
    std::string name;
    std::string document;  ///< an EndpointPickerConfig
};

/// The policies compared when none is named.
std::vector<policy> standard_policies();
/// What no policy can beat, and what perfect knowledge would buy.
std::vector<policy> bound_policies();

/// What a policy sees when a request arrives. No gateway knows the last two.
struct sight {
    const inference_request& request;
    std::span<const endpoint> endpoints;
    const signal_columns& signals;
    std::span<const std::uint32_t> ready;
    std::chrono::steady_clock::time_point now;
    std::uint64_t seed;
    std::span<const sim::engine> engines;         ///< as they are this moment
    std::span<const std::uint64_t> block_hashes;  ///< of the prompt and of its answer
};

/// One policy at work on one fleet.
class chooser {
  public:
    virtual ~chooser() = default;
    /// False: the request is turned away. `out` is kept until `complete`.
    virtual bool choose(const sight& s, decision& out) = 0;
    virtual void first_chunk(const response_facts&) {}
    virtual void complete(const response_facts&) {}
};

/// Null when the policy's document is wrong; the findings go to stderr.
std::unique_ptr<chooser> make_chooser(const policy& p);

}  // namespace weir::quality
