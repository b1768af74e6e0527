#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "datalayer/pool.hpp"

/// Who may be picked, and why not. Workers note what they saw in the endpoint's atomics; the
/// control thread's tick turns it into states. Plain values and a time: no sockets, no clock.
namespace weir::datalayer {

/// Failed connects in a row that take an endpoint out, whatever share of its pool that is.
inline constexpr std::uint32_t connect_failure_limit = 3;

struct health_options {
    std::uint32_t error_limit = 5;  ///< 5xx answers in a row that eject; 0: never
    duration base_ejection = std::chrono::seconds(5);  ///< doubles each time
    duration max_ejection = std::chrono::seconds(300);
    duration forgiven_after =
        std::chrono::seconds(60);  ///< healthy for so long: the next ejection is a first one
    duration probe_period = std::chrono::seconds(1);
};

// --- what workers note; any thread
// -----------------------------------------------------------------

/// A connect failed. The third in a row takes a ready endpoint down at once.
void note_connect_failure(endpoint_state& s);
/// A connect succeeded, or a reused connection answered.
void note_success(endpoint_state& s);
/// A response head came. 5xx answers in a row count against the endpoint, except 501: that is the
/// request's fault. How many in a row this makes.
std::uint32_t note_status(endpoint_state& s, int status);
/// The endpoint broke off or spoke no HTTP: counts like a 5xx.
std::uint32_t note_broken_answer(endpoint_state& s);

// --- what the control thread makes of it
// -----------------------------------------------------------

/// The state of one endpoint as /v1/endpoints tells it.
struct health_record {
    endpoint_health state = endpoint_health::ready;
    time_point since{};
    std::string why;           ///< one clause; empty for an endpoint that was always ready
    bool source_ready = true;  ///< what discovery says
    bool draining = false;     ///< what the administrator says
    std::uint32_t ejections = 0;
    time_point ejected_until{};
    std::uint32_t spared_at = 0;  ///< failed answers when the pool could not do without it; else 0
    time_point probed{};          ///< when the last probe was sent
    bool introduced = false;      ///< asked for its health before its first request
};

struct health_subject {
    endpoint_state* state = nullptr;
    health_record* record = nullptr;
};

/// A new endpoint, as discovery lists it.
void begin_health(const health_subject& s, time_point now);

/// One tick over a whole pool: takes over what workers noted, ejects (at most half of the pool,
/// never the last ready endpoint), brings ejected ones back, ends slow starts. Idempotent; any
/// period.
void step_health(std::span<const health_subject> pool, const health_options& options,
                 time_point now);

/// What the endpoint's metrics page says: an engine that sleeps keeps its port open and its health
/// page content, but serves nobody. It is left out while another endpoint of `pool` is ready.
void note_sleep(const health_subject& s, bool asleep, std::span<const health_subject> pool,
                time_point now);

/// What else speaks for asking an endpoint that is ready.
struct probe_hint {
    bool page_not_loaded = false;  ///< its metrics page answered as one whose model is not loaded
    bool opens_early = false;      ///< its engine answers before the model is loaded
};

/// True when a probe is due: of an endpoint that is down or loading, each period; of one that is
/// ready only where a hint says so, and then before its first request or as long as its page is
/// missing. Remembers that it was sent.
bool take_probe(const health_subject& s, const health_options& options, const probe_hint& hint,
                time_point now);

/// What a probe brought.
struct probe_result {
    int status = 0;              ///< 0: no answer
    int loading_status = 503;    ///< the engine's word for "the model is not loaded"
    bool says_loading = false;   ///< the answer's text says so, too, or the engine opens early
    bool others_ready = false;   ///< another endpoint of the pool is ready
    std::string_view failure{};  ///< why there is no answer
};

/// Back with any answer but 5xx and the engine's own `loading_status`: a server that answers 404 to
/// a health path it does not have is there. A ready endpoint that says it is loading is taken out;
/// a bare status does not take out the pool's last one.
void note_probe(const health_subject& s, const probe_result& result, time_point now);

}  // namespace weir::datalayer
