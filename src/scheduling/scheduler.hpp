#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"
#include "config/diagnostics.hpp"
#include "config/model.hpp"
#include "config/picker_settings.hpp"
#include "payload/media.hpp"
#include "weir/candidates.hpp"
#include "weir/decision.hpp"
#include "weir/hooks.hpp"
#include "weir/plugin.hpp"

/// One pool's endpoint picker: which plugins there are, in which order they are asked, and what the
/// answers mean.
namespace weir::scheduling {

class pipeline;
struct pipeline_parts;
struct workspace_parts;

/// The built-in configuration for a pool whose picker document is empty.
enum class preset : std::uint8_t { reference, weir };

/// Everything a decision needs as scratch memory, and what producers said about the request in
/// hand. One per worker and pool; used by one thread; grows to the pool's size once and then
/// allocates no more. When it meets another pipeline (after a reload) it adapts.
class workspace {
  public:
    workspace();
    ~workspace();
    workspace(workspace&&) noexcept;
    workspace& operator=(workspace&&) noexcept;

    /// Candidates and totals of one profile of the last decision; empty spans when it did not run.
    /// Valid until the next call with this workspace.
    struct scored {
        std::span<const std::uint32_t> endpoints;
        std::span<const double> totals;
        /// What each scorer said, one scorer after the other; empty where there are more endpoints
        /// than `most_noted`, since nobody keeps so much.
        std::span<const double> raw;
    };
    static constexpr std::size_t most_noted = 63;
    scored scored_candidates(std::uint32_t profile) const;

    /// What producers said about the request in hand; a decision made again for `explain` may be
    /// given what was recorded instead.
    producer_data& data();
    const producer_data& data() const;

  private:
    friend class pipeline;
    std::unique_ptr<workspace_parts> parts_;
};

/// The request and the pool as one decision sees them. Views must outlive the call.
struct decision_input {
    const inference_request& request;
    std::span<const endpoint> endpoints;
    const signal_columns& signals;
    /// Indexes into `endpoints` (ready, subset hint applied).
    std::span<const std::uint32_t> candidates;
    std::chrono::steady_clock::time_point now;
    std::uint64_t seed = 0;
};

/// One filter of one profile, seen from outside.
struct filter_verdict {
    std::string plugin;  ///< `name/type`
    std::vector<std::uint32_t> kept;
    std::vector<std::uint32_t> dropped;
};

/// A number that scores were made of; NaN where an endpoint has none.
struct named_column {
    std::string name;
    std::vector<double> values;
};

/// One scorer of one profile; element i of each list belongs to survivor i of the profile.
struct scorer_verdict {
    std::string plugin;
    double weight = 1;
    std::vector<double> raw;
    std::vector<double> clamped;
    std::vector<double> weighted;
    std::vector<named_column> inputs{};
};

struct profile_explanation {
    std::string name;
    profile_status status = profile_status::not_run;
    std::vector<std::uint32_t> candidates;
    std::vector<filter_verdict> filters;
    std::vector<std::uint32_t> survivors;
    std::vector<scorer_verdict> scorers;
    std::vector<double> totals;  ///< of the survivors
    std::string picker;
    std::vector<std::uint32_t> picks;
};

struct explanation {
    std::vector<profile_explanation> profiles;
    decision result;
};

/// Says what is configured, for /v1/config, `check` and the documentation.
struct plugin_summary {
    std::string name;
    std::string type;
    stability level = stability::beta;
    bool implicit = false;  ///< made by defaulting, not written in the file
    std::string file;       ///< where it is written; empty: in no file
    std::uint32_t line = 0;
};
struct profile_plugin_summary {
    std::string plugin;
    std::string role;  ///< `filter`, `scorer`, `picker`
    double weight = 0;
};
struct profile_summary {
    std::string name;
    std::vector<profile_plugin_summary> plugins;
};

class pipeline final : public metrics::source {
  public:
    /// Builds the picker of one pool from its document (null root: the built-in default of
    /// `which`). Findings carry the place of the offending value; null when there are errors.
    /// `previous`, the pipeline this one replaces, lends the learned state of plugins of the same
    /// name and type. Control thread.
    static std::shared_ptr<const pipeline> make(const config::picker_document& document,
                                                preset which, config::findings& found,
                                                const pipeline* previous = nullptr);

    ~pipeline() override;
    pipeline(const pipeline&) = delete;
    pipeline& operator=(const pipeline&) = delete;

    // --- the phases of a request, in this order, on the request's worker
    // -------------------------------------

    /// Before admission: what hooks read from the headers. `fairness_id` is empty when no hook
    /// found one.
    header_findings request_header(const inference_request& request) const;

    /// After admission: how long plugins want to hold the request before `decide`; mostly zero.
    std::chrono::nanoseconds gather(const inference_request& request, workspace& ws,
                                    std::chrono::steady_clock::time_point now) const;

    /// Screeners, producers, admitters, `schedule`, the conditional-decode check and pre_request
    /// hooks: everything between admission and forwarding. `out` is cleared first. True when there
    /// is a target.
    bool decide(const decision_input& in, workspace& ws, decision& out) const;

    /// The single phases of `decide`, for callers that need them apart. `screen` and `admit` set
    /// `out.error`.
    bool screen(const decision_input& in, workspace& ws, std::vector<std::uint32_t>& candidates,
                decision& out) const;
    void produce(const decision_input& in, workspace& ws) const;
    bool admit(const decision_input& in, workspace& ws, decision& out) const;
    /// Pure: the same input, workspace data and plugin state give the same decision. No clock, no
    /// locks on the default profile's path, ties broken by `in.seed`. Reads what `produce` left in
    /// `ws`.
    bool schedule(const decision_input& in, workspace& ws, decision& out) const;
    /// After a `schedule` that found a target, still with the same workspace.
    void pre_request(const decision_input& in, workspace& ws, decision& out) const;

    /// Whether any plugin follows answers: the three calls below are for nobody otherwise.
    bool hears_answers() const;
    /// Followers of the answer; `complete` exactly once for each successful `decide`. Their times
    /// go to the worker whose workspace `ws` is.
    void response_header(const response_facts& facts, std::vector<header_change>& changes,
                         workspace* ws = nullptr) const;
    void first_chunk(const response_facts& facts, workspace* ws = nullptr) const;
    void complete(const response_facts& facts, workspace* ws = nullptr) const;

    // --- what people ask
    // -------------------------------------------------------------------------------------

    /// Makes a decision, on the same code path, and writes down every verdict. Leaves no trace in
    /// the plugins. `afresh`: all phases of `decide` but the last; else that of `schedule` alone
    /// again, with what `ws.data()` holds.
    explanation explain(const decision_input& in, workspace& ws, bool afresh) const;

    const config::picker_settings& settings() const;
    std::span<const std::string> profile_names() const;
    std::vector<plugin_summary> plugins() const;
    std::vector<profile_summary> profiles() const;
    /// What pictures and videos stand for in a prompt.
    const payload::media_rules& media() const;
    /// The inflight-load-producer that says what a request costs; empty without one.
    std::string_view load_producer() const;
    /// The request headers that decisions depend on, in lower case.
    std::span<const std::string> headers_read() const;
    /// The plugin of that instance name, or null.
    plugin* find(std::string_view name) const;
    /// How long plugins took, and what they count themselves.
    void collect(metrics::exposition& out) const override;
    /// The configuration after defaulting, as JSON.
    std::string effective_json() const;

  private:
    explicit pipeline(std::unique_ptr<pipeline_parts> made);
    static workspace_parts* parts_of(workspace* ws);

    std::unique_ptr<pipeline_parts> parts_;
};

/// Every plugin type this binary knows: the built-in ones in alphabetical order, then those of
/// shared libraries.
std::span<const plugin_type* const> plugin_types();

}  // namespace weir::scheduling
