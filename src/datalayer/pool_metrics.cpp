#include "datalayer/pool_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/metric_help.hpp"

namespace weir::datalayer {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

double two_decimals(double v) { return std::round(v * 100) / 100; }

/// A gauge under its name and, marked as such, under its old one.
void twin_gauge(metrics::exposition& out, std::string_view name, std::string_view old,
                std::string_view help, const metrics::labels& series,
                const metrics::labels& old_series, double value) {
    const auto full = "llm_d_epp_" + std::string(name);
    out.gauge(full, metrics::alpha(help), series, value);
    if (!old.empty()) out.gauge(old, metrics::deprecated(full, help), old_series, value);
}

void twin_counter(metrics::exposition& out, std::string_view name, std::string_view help,
                  const metrics::labels& series, double value) {
    const auto full = "llm_d_epp_" + std::string(name);
    const auto old = "llm_d_inference_scheduler_" + std::string(name);
    const auto text = metrics::alpha(help);
    const auto old_text = metrics::deprecated(full, help);
    if (value == 0) {
        out.declare(full, text, "counter");
        out.declare(old, old_text, "counter");
        return;
    }
    out.counter(full, text, series, value);
    out.counter(old, old_text, series, value);
}

}  // namespace

spread_of spread(std::vector<double> values) {
    if (values.empty()) return {};
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    return {two_decimals(mean), values.size() < 2 ? 0 : two_decimals(std::sqrt(squares / (n - 1)))};
}

void pool_gauges::refresh(const endpoint_pool& pool, time_point now) {
    std::vector<double> queue;
    std::vector<double> running;
    std::vector<double> kv;
    ready_ = 0;
    for (const auto& m : pool.members()) {
        const auto& s = *m->state;
        if (s.health.load(relaxed) != endpoint_health::ready) continue;
        ++ready_;
        const auto updated = s.updated_ns.load(relaxed);
        const auto limit = std::max(std::chrono::duration<double>(stale_after).count(),
                                    s.staleness_floor.load(relaxed));
        if (updated == 0 || std::chrono::duration<double>(now - from_ns(updated)).count() > limit)
            continue;
        queue.push_back(s.waiting.load(relaxed));
        running.push_back(s.running.load(relaxed));
        kv.push_back(s.kv_usage.load(relaxed));
    }
    if (queue.empty()) return;
    queue_ = spread(std::move(queue));
    running_ = spread(std::move(running));
    kv_usage_ = spread(std::move(kv));
}

pool_metrics::pool_metrics(const http::event_loop& loop, const scraper& scrape, pools_fn pools)
    : loop_(loop), scrape_(scrape), pools_(std::move(pools)) {}

void pool_metrics::collect(metrics::exposition& out) const {
    for (const auto* pool : pools_()) {
        gauges_[pool->id()].refresh(*pool, loop_.now());
        collect_pool(out, *pool);
    }
    collect_scrapes(out);
}

void pool_metrics::collect_pool(metrics::exposition& out, const endpoint_pool& pool) const {
    const auto& g = gauges_[pool.id()];
    const metrics::labels name = {{"name", pool.name()}};
    const auto both = [&](std::string_view what, std::string_view help, const spread_of& v) {
        const auto average = "average_" + std::string(what);
        twin_gauge(out, average, "inference_pool_" + average,
                   "The average " + std::string(help) + " for an inference server pool.", name,
                   name, v.mean);
        twin_gauge(
            out, "std_dev_" + std::string(what), "",
            "The standard deviation of the " + std::string(help) + " for an inference server pool.",
            name, name, v.deviation);
    };
    both("kv_cache_utilization", "kv cache utilization", g.kv_usage());
    both("queue_size", "number of requests pending in the model server queue", g.queue());
    both("running_requests", "number of running requests", g.running());
    twin_gauge(out, "ready_endpoints", "inference_pool_ready_pods",
               "The number of ready endpoints in the inference server pool.", name, name,
               static_cast<double>(g.ready()));

    std::array<std::uint64_t, endpoint_health_count> states{};
    for (const auto& m : pool.members()) {
        const auto health = m->state->health.load(relaxed);
        ++states[static_cast<std::size_t>(health)];
        const auto& who = m->listed.what.name;
        twin_gauge(
            out, "per_endpoint_queue_size", "inference_pool_per_pod_queue_size",
            "The total number of requests pending in the model server queue for each endpoint.",
            {{"name", pool.name()}, {"model_server_endpoint", who}},
            {{"name", pool.name()}, {"model_server_pod", who}}, m->state->waiting.load(relaxed));
    }
    for (std::size_t i = 0; i < states.size(); ++i) {
        out.gauge("weir_endpoints", "Endpoints of a pool by state.",
                  {{"name", pool.name()},
                   {"namespace", pool.name_space()},
                   {"state", std::string(to_string(static_cast<endpoint_health>(i)))}},
                  static_cast<double>(states[i]));
    }
}

void pool_metrics::collect_scrapes(metrics::exposition& out) const {
    const auto& c = scrape_.counters();
    const auto errors = std::accumulate(c.errors.begin(), c.errors.end(), std::uint64_t{0});
    twin_counter(out, "datalayer_poll_errors_total",
                 "Total number of errors while polling a data source.",
                 {{"source_type", "metrics-data-source"}}, static_cast<double>(errors));
    twin_counter(
        out, "datalayer_extract_errors_total",
        "Total number of errors while extracting polled data.",
        {{"source_type", "metrics-data-source"}, {"extractor_type", "core-metrics-extractor"}},
        static_cast<double>(c.extract_errors));
    out.counter("weir_scrapes_total", "Scrapes of metrics pages that ended, well or not.", {},
                static_cast<double>(c.scrapes));
    out.declare("weir_scrape_errors_total", "Scrapes that brought nothing, by kind.", "counter");
    for (std::size_t i = 0; i < c.errors.size(); ++i) {
        if (c.errors[i] == 0) continue;
        out.counter("weir_scrape_errors_total", "Scrapes that brought nothing, by kind.",
                    {{"kind", std::string(to_string(static_cast<scrape_error>(i)))}},
                    static_cast<double>(c.errors[i]));
    }
    out.counter("weir_scrape_bytes_total", "Bytes of metrics pages read.", {},
                static_cast<double>(c.bytes));
    out.counter("weir_scrape_samples_ignored_total",
                "Samples that say nothing: NaN, infinite, negative, absurd or no number.", {},
                static_cast<double>(c.ignored_samples));
    out.gauge("weir_scrape_period_seconds",
              "Time between two scrapes of an endpoint, as it is now.", {},
              std::chrono::duration<double>(scrape_.pace().period()).count());
}

}  // namespace weir::datalayer
