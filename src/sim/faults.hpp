#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "sim/json_reader.hpp"
#include "weir/random.hpp"

namespace weir::sim {

/// How an answer breaks. `bytes` of the fault counts body bytes of the answer.
enum class break_kind : std::uint8_t {
    none,
    reset,       ///< RST: before the head (`reset`), or after N body bytes (`reset=N`)
    close,       ///< FIN without an end of the body, after N bytes; `close` alone: before the head
    truncate,    ///< a well-formed end of the body after N bytes, so without `[DONE]`
    half_event,  ///< FIN in the middle of the event that stands at byte N
    stall,       ///< nothing more after N bytes; the connection stays open; `stall` alone: no head
                 ///< either
    short_length,  ///< Content-Length smaller than the body by N
    long_length,   ///< Content-Length larger than the body by N, then FIN
    garbage,       ///< bytes that are not HTTP
    error_event,   ///< after N bytes one `data: {"error":…}` event, then `[DONE]`: what vLLM does
};

/// What goes wrong with a request. Several parts combine: the delay first, then the status or the
/// break.
struct fault {
    duration delay = duration::zero();
    int status = 0;  ///< answered instead of the request being served
    break_kind breaks = break_kind::none;
    std::size_t bytes = 0;
    bool at_head = false;               ///< breaks before the answer's head
    std::optional<double> retry_after;  ///< header on the status answer, seconds

    bool any() const {
        return delay > duration::zero() || status != 0 || breaks != break_kind::none;
    }
};

/// When a standing fault applies.
struct fault_rule {
    fault what;
    double rate = 1;          ///< share of the matching requests
    std::int64_t count = -1;  ///< how many more times; -1 for ever
    std::string path;         ///< prefix of the path; empty: every inference path
};

/// How a metrics page lies.
enum class metrics_fault : std::uint8_t {
    none,
    status,
    garbage,
    html,
    empty,
    nan,
    infinite,
    negative,
    huge,
    missing,
    truncated,
    frozen,
    slow,
    hang,
    reset
};

/// State of the server beyond single requests.
struct server_faults {
    int health_status = 0;  ///< 0: as it is
    metrics_fault metrics = metrics_fault::none;
    int metrics_status = 500;         ///< with `metrics_fault::status`
    double slowdown = 1;              ///< factor on the engine's step times
    std::optional<duration> loading;  ///< from now on, say 503 for this long
    std::optional<duration> refuse;   ///< from now on, refuse connects for this long
};

/// `delay=200ms; status=503; retry-after=2; reset=100; …`: the value of an `x-sim-fault` header.
/// Nothing when a word is unknown; `error` then names it.
std::optional<fault> parse_fault(std::string_view text, std::string& error);

/// The faults that stand until they are cleared.
class fault_book {
  public:
    explicit fault_book(std::uint64_t seed) : random_(seed) {}

    /// Reads what `POST /sim/faults` brought: one object or a list, the words of `parse_fault` as
    /// members beside `rate`, `count`, `path`, and the server's own `health`, `metrics`,
    /// `slowdown`, `loading`, `refuse`. Replaces the standing rules, or leaves all as it was and
    /// says what is wrong.
    bool load(json_value body, std::string& error);
    void clear();

    /// The fault for a request of `path` that is an inference call (or not), counting it down.
    fault pick(std::string_view path, bool inference);
    const server_faults& server() const { return server_; }
    const std::vector<fault_rule>& rules() const { return rules_; }

  private:
    random_source random_;
    std::vector<fault_rule> rules_;
    server_faults server_;
};

}  // namespace weir::sim
