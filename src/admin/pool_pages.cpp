// /v1/pools and /v1/queues.
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "admin/page.hpp"
#include "base/json.hpp"
#include "flowcontrol/gate.hpp"
#include "flowcontrol/saturation.hpp"

namespace weir::admin {
namespace {

using datalayer::endpoint_health;

constexpr std::array states = {endpoint_health::ready,    endpoint_health::not_ready,
                               endpoint_health::down,     endpoint_health::ejected,
                               endpoint_health::draining, endpoint_health::loading,
                               endpoint_health::asleep};

struct pool_sums {
    std::array<std::uint64_t, states.size()> by_state{};
    std::int64_t inflight = 0;
    std::uint64_t picks = 0;
    std::uint64_t failures = 0;
    double waiting = 0;
    double running = 0;
    double kv_usage = 0;  ///< mean over endpoints that told
};

pool_sums sum_up(const datalayer::endpoint_pool& pool) {
    pool_sums out;
    std::size_t told = 0;
    for (const auto& m : pool.members()) {
        ++out.by_state[static_cast<std::size_t>(m->health.state)];
        const auto& s = *m->state;
        out.inflight += s.inflight_requests.load(std::memory_order_relaxed);
        out.picks += s.picks.load(std::memory_order_relaxed);
        out.failures += s.failures.load(std::memory_order_relaxed);
        if (s.updated_ns.load(std::memory_order_relaxed) == 0) continue;
        ++told;
        out.waiting += s.waiting.load(std::memory_order_relaxed);
        out.running += s.running.load(std::memory_order_relaxed);
        out.kv_usage += s.kv_usage.load(std::memory_order_relaxed);
    }
    if (told != 0) out.kv_usage /= static_cast<double>(told);
    return out;
}

std::string_view detector_name(const config::detector_settings& d) {
    switch (d.kind) {
        case config::detector_kind::guide:
            return "guide";
        case config::detector_kind::utilization:
            return "utilization";
        case config::detector_kind::concurrency:
            return "concurrency";
    }
    return "guide";
}

void write_saturation(json_writer& w, const proxy::pool_runtime& p, time_point now) {
    const auto view = p.view ? p.view->load() : nullptr;
    if (!view) return;
    signal_columns signals;
    std::vector<std::uint32_t> candidates;
    view->read(now, signals, candidates);
    const auto full = flowcontrol::detect_saturation(p.detector, signals, candidates);
    w.key("saturation").begin_object().field("detector", detector_name(p.detector));
    w.field("value", full.value).field("saturated", full.saturated);
    w.field("stale", static_cast<std::uint64_t>(full.stale));
    w.field("queueDepthThreshold", p.detector.queue_depth_threshold);
    w.field("kvCacheUtilThreshold", p.detector.kv_cache_util_threshold);
    w.field(
        "metricsStalenessMs",
        std::chrono::duration<double, std::milli>(p.detector.metrics_staleness_threshold).count());
    w.end_object();
}

void write_spec(json_writer& w, const config::pool& spec) {
    w.key("targetPorts").begin_array();
    for (const auto port : spec.target_ports) w.value(static_cast<unsigned>(port));
    w.end_array().key("objectives").begin_object();
    for (const auto& [name, priority] : spec.objectives) w.field(name, priority);
    w.end_object();
    w.field("rewrites", static_cast<std::uint64_t>(spec.rewrites.size()));
    w.field("models", static_cast<std::uint64_t>(spec.models.size()));
    if (!spec.endpoints_file.empty()) w.field("endpointsFile", spec.endpoints_file);
}

void write_pool(json_writer& w, const pool_facts& f, time_point now) {
    w.begin_object().field("id", f.id);
    w.field("kind", f.runtime != nullptr ? "InferencePool" : "Service");
    if (f.endpoints != nullptr) {
        w.field("namespace", f.endpoints->name_space()).field("name", f.endpoints->name());
        const auto sums = sum_up(*f.endpoints);
        w.key("endpoints").begin_object();
        w.field("total", static_cast<std::uint64_t>(f.endpoints->members().size()));
        for (std::size_t i = 0; i < states.size(); ++i)
            w.field(datalayer::to_string(states[i]), sums.by_state[i]);
        w.end_object();
        w.field("ready", sums.by_state[0]);
        w.field("total", static_cast<std::uint64_t>(f.endpoints->members().size()));
        w.field("viewVersion", f.endpoints->version()).field("inFlight", sums.inflight);
        w.field("picks", sums.picks).field("failures", sums.failures);
        w.field("waiting", sums.waiting).field("running", sums.running);
        w.field("kvUsage", sums.kv_usage);
    }
    if (f.runtime != nullptr) {
        write_saturation(w, *f.runtime, now);
        if (f.runtime->spec != nullptr) write_spec(w, *f.runtime->spec);
        if (f.runtime->pipeline) w.key("picker").raw(f.runtime->pipeline->effective_json());
    }
    w.end_object();
}

void write_band(json_writer& w, const std::string& pool, const flowcontrol::band_state& b) {
    const auto& s = b.settings;
    w.begin_object().field("pool", pool).field("priority", s.priority);
    w.field("maxRequests", s.max_requests).field("maxBytes", s.max_bytes);
    w.field("fairness", s.fairness.name).field("ordering", s.ordering.name);
    w.field("requests", b.requests).field("bytes", b.bytes).end_object();
}

void write_queues(json_writer& w, const std::string& pool, const flowcontrol::band_state& b) {
    for (const auto& f : b.flows) {
        w.begin_object().field("pool", pool).field("priority", b.settings.priority);
        w.field("fairnessId", f.fairness_id).field("requests", f.requests).field("bytes", f.bytes);
        w.field("oldestSeconds", std::chrono::duration<double>(f.oldest).count()).end_object();
    }
}

}  // namespace

void show_pools(surroundings& s, const asked&, const answer_fn& answer) {
    json_writer w;
    w.begin_object().field("apiVersion", "v1").key("pools").begin_array();
    for (const auto& f : s.about.pools()) write_pool(w, f, s.loop.now());
    w.end_array().end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

/// A pool without flow control has neither bands nor queues.
void show_queues(surroundings& s, const asked&, const answer_fn& answer) {
    std::vector<std::pair<std::string, std::vector<flowcontrol::band_state>>> all;
    for (const auto& f : s.about.pools()) {
        if (f.runtime == nullptr || !f.runtime->flow) continue;
        all.emplace_back(f.id, f.runtime->flow->bands(s.loop.now()));
    }
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("flowControl", !all.empty());
    w.key("queues").begin_array();
    for (const auto& [pool, bands] : all) {
        for (const auto& b : bands) write_queues(w, pool, b);
    }
    w.end_array().key("bands").begin_array();
    for (const auto& [pool, bands] : all) {
        for (const auto& b : bands) write_band(w, pool, b);
    }
    w.end_array().end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

}  // namespace weir::admin
