#include "datalayer/health.hpp"

#include <algorithm>

namespace weir::datalayer {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

void enter(const health_subject& s, endpoint_health to, std::string why, time_point now) {
    s.record->state = to;
    s.record->since = now;
    s.record->why = std::move(why);
    s.state->health.store(to, relaxed);
}

/// Back among the candidates, eased in.
void bring_back(const health_subject& s, std::string why, time_point now) {
    s.state->connect_failures.store(0, relaxed);
    s.state->server_errors.store(0, relaxed);
    s.state->returned_ns.store(to_ns(now), relaxed);
    enter(s, endpoint_health::ready, std::move(why), now);
}

duration ejection_time(std::uint32_t earlier, const health_options& options) {
    auto d = options.base_ejection;
    for (std::uint32_t i = 0; i < earlier && d < options.max_ejection; ++i) d *= 2;
    return std::min(d, options.max_ejection);
}

/// What discovery and the administrator decide goes before what traffic shows; true when they do.
bool step_decreed(const health_subject& s, time_point now) {
    auto& r = *s.record;
    const auto decreed = r.draining ? endpoint_health::draining : endpoint_health::not_ready;
    if (r.draining || !r.source_ready) {
        if (r.state != decreed) {
            if (!r.draining) {
                s.state->updated_ns.store(0, relaxed);  // its numbers leave with it
                s.state->scraped_changed();
            }
            enter(s, decreed,
                  r.draining ? "drained by the administrator" : "not ready in its source", now);
        }
        return true;
    }
    if (r.state == endpoint_health::draining || r.state == endpoint_health::not_ready) {
        bring_back(s, "ready again", now);
    }
    return false;
}

void step_one(const health_subject& s, const health_options& options, time_point now) {
    auto& r = *s.record;
    if (step_decreed(s, now)) return;
    if (r.state != endpoint_health::down &&
        s.state->health.load(relaxed) == endpoint_health::down) {
        enter(s, endpoint_health::down,
              std::to_string(connect_failure_limit) + " connect failures in a row", now);
    }
    if (r.state == endpoint_health::ejected && now >= r.ejected_until)
        bring_back(s, "ejection ended", now);
    if (r.state != endpoint_health::ready) return;
    if (s.state->server_errors.load(relaxed) < r.spared_at) r.spared_at = 0;
    if (r.ejections != 0 && now - r.since >= options.forgiven_after) r.ejections = 0;
    const auto returned = s.state->returned_ns.load(relaxed);
    if (returned != 0 && now - from_ns(returned) >= slow_start_window)
        s.state->returned_ns.store(0, relaxed);
}

/// An endpoint that was spared is judged again by its next failure, not by the old ones once the
/// pool has room.
bool failing(const health_subject& s, const health_options& options) {
    if (options.error_limit == 0 || s.record->state != endpoint_health::ready) return false;
    const auto errors = s.state->server_errors.load(relaxed);
    return errors >= options.error_limit && errors != s.record->spared_at;
}

std::size_t count(std::span<const health_subject> pool, endpoint_health state) {
    return static_cast<std::size_t>(
        std::count_if(pool.begin(), pool.end(),
                      [&](const health_subject& s) { return s.record->state == state; }));
}

}  // namespace

void note_connect_failure(endpoint_state& s) {
    s.failures.fetch_add(1, relaxed);
    if (s.connect_failures.fetch_add(1, relaxed) + 1 < connect_failure_limit) return;
    auto ready = endpoint_health::ready;
    s.health.compare_exchange_strong(ready, endpoint_health::down, relaxed);
}

void note_success(endpoint_state& s) {
    if (s.connect_failures.load(relaxed) != 0) s.connect_failures.store(0, relaxed);
}

std::uint32_t note_status(endpoint_state& s, int status) {
    note_success(s);
    if (status >= 500 && status <= 599 && status != 501) return note_broken_answer(s);
    if (s.server_errors.load(relaxed) != 0) s.server_errors.store(0, relaxed);
    return 0;
}

std::uint32_t note_broken_answer(endpoint_state& s) {
    s.failures.fetch_add(1, relaxed);
    return s.server_errors.fetch_add(1, relaxed) + 1;
}

void begin_health(const health_subject& s, time_point now) {
    auto& r = *s.record;
    r.since = now;
    if (s.state->health.load(relaxed) == endpoint_health::down) r.state = endpoint_health::down;
    s.state->health.store(r.state, relaxed);
    step_decreed(s, now);
}

void step_health(std::span<const health_subject> pool, const health_options& options,
                 time_point now) {
    for (const auto& s : pool) step_one(s, options, now);
    auto ejected = count(pool, endpoint_health::ejected);
    auto ready = count(pool, endpoint_health::ready);
    for (const auto& s : pool) {
        if (!failing(s, options)) continue;
        auto& r = *s.record;
        const auto errors = s.state->server_errors.load(relaxed);
        if (ejected + 1 > pool.size() / 2 || ready <= 1) {
            r.spared_at = errors;
            continue;
        }
        r.spared_at = 0;
        r.ejected_until = now + ejection_time(r.ejections, options);
        ++r.ejections;
        enter(s, endpoint_health::ejected,
              std::to_string(errors) + " failed answers (5xx) in a row", now);
        ++ejected;
        --ready;
    }
}

void note_sleep(const health_subject& s, bool asleep, std::span<const health_subject> pool,
                time_point now) {
    const bool out = s.record->state == endpoint_health::asleep;
    if (!asleep && !out) return;
    if (!asleep) return bring_back(s, "its metrics page says that it is awake", now);
    const bool others =
        count(pool, endpoint_health::ready) > (s.record->state == endpoint_health::ready ? 1U : 0U);
    if (out && !others) return bring_back(s, "asleep, but nobody else is ready", now);
    if (s.record->state == endpoint_health::ready && others)
        enter(s, endpoint_health::asleep, "its metrics page says that the engine sleeps", now);
}

bool take_probe(const health_subject& s, const health_options& options, const probe_hint& hint,
                time_point now) {
    auto& r = *s.record;
    const bool out = r.state == endpoint_health::down || r.state == endpoint_health::loading;
    const bool unknown = hint.opens_early && !r.introduced && s.state->picks.load(relaxed) == 0;
    if (!out && (r.state != endpoint_health::ready || (!hint.page_not_loaded && !unknown)))
        return false;
    const auto last = out ? std::max(r.probed, r.since) : r.probed;
    if (last != time_point{} && now - last < options.probe_period) return false;
    r.probed = now;
    r.introduced = true;
    return true;
}

void note_probe(const health_subject& s, const probe_result& result, time_point now) {
    auto& r = *s.record;
    const bool loading = result.status == result.loading_status;
    const auto answer = "the health page answered " + std::to_string(result.status);
    if (r.state == endpoint_health::ready) {
        if (!loading || (!result.says_loading && !result.others_ready)) return;
        return enter(s, endpoint_health::loading, answer + ": the model is not loaded yet", now);
    }
    if (r.state == endpoint_health::loading && result.status == 0)
        return enter(s, endpoint_health::down, "probe failed: " + std::string(result.failure), now);
    if (r.state != endpoint_health::down && r.state != endpoint_health::loading) return;
    if (result.status == 0) {
        r.why = "probe failed: " + std::string(result.failure);
    } else if (result.status >= 500 || loading) {
        r.why = answer + ": not ready to serve";
    } else {
        bring_back(s, answer, now);
    }
}

}  // namespace weir::datalayer
