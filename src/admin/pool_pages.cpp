// /v1/pools and /v1/queues.
#include <array>

#include "admin/page.hpp"
#include "base/json.hpp"
#include "flowcontrol/saturation.hpp"

namespace weir::admin {
namespace {

using datalayer::endpoint_health;

constexpr std::array states = {endpoint_health::ready, endpoint_health::not_ready,
                               endpoint_health::down, endpoint_health::ejected,
                               endpoint_health::draining};

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

std::string_view fairness_name(const config::band_settings& b) { return b.fairness.name; }

void write_band(json_writer& w, const std::string& pool, const config::band_settings& b,
                std::string_view applies) {
    w.begin_object().field("pool", pool).field("priority", b.priority).field("applies", applies);
    w.field("maxRequests", b.max_requests).field("maxBytes", b.max_bytes);
    w.field("fairness", fairness_name(b)).field("ordering", b.ordering.name);
    w.field("requests", 0).field("bytes", 0).end_object();
}

void write_bands(json_writer& w, const std::string& pool,
                 const config::flow_control_settings& flow) {
    for (const auto& b : flow.bands) write_band(w, pool, b, "this priority");
    const config::band_settings fallback;
    write_band(w, pool, flow.default_band.value_or(fallback), "other priorities from 0 on");
    auto negative = flow.default_negative_band.value_or(fallback);
    if (!flow.default_negative_band) negative.priority = -1;
    write_band(w, pool, negative, "other negative priorities");
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

void show_queues(surroundings& s, const asked&, const answer_fn& answer) {
    json_writer w;
    w.begin_object().field("apiVersion", "v1");
    bool any = false;
    const auto pools = s.about.pools();
    for (const auto& f : pools)
        any = any || (f.runtime != nullptr && f.runtime->pipeline &&
                      f.runtime->pipeline->settings().flow_control);
    w.field("flowControl", any).key("queues").begin_array().end_array();
    w.key("bands").begin_array();
    for (const auto& f : pools) {
        if (f.runtime == nullptr || !f.runtime->pipeline) continue;
        write_bands(w, f.id, f.runtime->pipeline->settings().flow);
    }
    w.end_array().end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

}  // namespace weir::admin
