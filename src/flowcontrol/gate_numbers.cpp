#include "flowcontrol/gate_numbers.hpp"

#include <array>
#include <chrono>

#include "base/metric_buckets.hpp"
#include "base/metric_help.hpp"

namespace weir::flowcontrol {
namespace {

constexpr auto& fast = metrics::buckets::fast;
constexpr std::array queue = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1,
                              0.25,   0.5,    1.0,   2.5,   5.0,  10.0,  30.0, 60.0};

const std::string current = "llm_d_epp_flow_control_";
const std::string deprecated = "inference_extension_flow_control_";

void gauge(metrics::exposition& out, const std::string& name, const std::string& text,
           const metrics::labels& series, double value, bool twin) {
    out.gauge(current + name, metrics::alpha(text), series, value);
    if (twin)
        out.gauge(deprecated + name, metrics::deprecated(current + name, text), series, value);
}

void histogram(metrics::exposition& out, const std::string& name, const std::string& text,
               const metrics::labels& series, const metrics::histogram& value) {
    out.histogram(current + name, metrics::alpha(text), series, value);
    out.histogram(deprecated + name, metrics::deprecated(current + name, text), series, value);
}

/// Families that have no series before the first request.
struct family {
    std::string name;
    std::string text;
    const char* type;
};
const family queue_wait = {"request_queue_duration_seconds", "Time a request spent in its queue.",
                           "histogram"};
const family enqueueing = {"request_enqueue_duration_seconds", "Time it took to queue a request.",
                           "histogram"};
const family queue_size = {"queue_size", "Requests waiting.", "gauge"};
const family queue_bytes = {"queue_bytes", "Bytes of requests waiting.", "gauge"};
const family outcomes = {"requests_total", "Requests by outcome of flow control.", "counter"};

void declare_all(metrics::exposition& out) {
    for (const auto* f : {&queue_wait, &enqueueing, &queue_size, &queue_bytes}) {
        out.declare(current + f->name, metrics::alpha(f->text), f->type);
        out.declare(deprecated + f->name, metrics::deprecated(current + f->name, f->text), f->type);
    }
    out.declare(current + outcomes.name, metrics::alpha(outcomes.text), outcomes.type);
}

/// How evenly flows wait (Jain, Chiu, Hawe 1984), and what each had.
void collect_programs(metrics::exposition& out, const std::string& pool, const engine& of) {
    double sum = 0;
    double squares = 0;
    double n = 0;
    bool aware = false;
    for (const auto& [priority, band] : of.bands()) {
        if (band.settings().fairness.policy != config::fairness_policy::program_aware) continue;
        aware = true;
        for (const auto& [id, flow] : band.flows()) {
            const metrics::labels labels = {{"program_id", flow.label}};
            out.gauge("llm_d_epp_program_aware_attained_service_tokens",
                      "[ALPHA] Service that a flow had lately, in tokens.", labels, flow.attained);
            if (flow.waits == 0) continue;
            const double wait = flow.waited_ms / flow.waits;
            out.gauge("llm_d_epp_program_aware_avg_wait_time_milliseconds",
                      "[ALPHA] Average wait of a flow's requests.", labels, wait);
            sum += wait;
            squares += wait * wait;
            n += 1;
        }
    }
    if (!aware) return;
    out.gauge("llm_d_epp_program_aware_jains_fairness_index",
              "[ALPHA] Jain's fairness index over the average waits of the flows.",
              {{"inference_pool", pool}},  // series of the same labels would be added up
              squares > 0 ? sum * sum / (n * squares) : 1);
}

double share(std::uint64_t used, std::uint64_t limit) {
    return limit == 0 ? 0 : static_cast<double>(used) / static_cast<double>(limit);
}

}  // namespace

gate_numbers::gate_numbers() : cycle_seconds(fast) {}

gate_numbers::key gate_numbers::key_of(const flow_item& item, outcome how) {
    return {item.fairness_label, item.band, item.model_label, item.target_label, how};
}

void gate_numbers::arrived(const flow_item& item, outcome verdict, double seconds) {
    auto& enqueue = arrivals_[{item.fairness_label, item.priority, verdict}];
    if (!enqueue) enqueue = std::make_unique<metrics::histogram>(fast);
    enqueue->observe(seconds);
    if (verdict != outcome::queued) {
        totals_[{verdict, item.priority}] += 1;
        return;
    }
    auto& d = depths_[key_of(item, outcome::queued)];
    d.requests += 1;
    d.bytes += static_cast<double>(item.bytes);
}

void gate_numbers::left(const flow_item& item, outcome how, time_point now) {
    auto& wait = waits_[key_of(item, how)];
    if (!wait) wait = std::make_unique<metrics::histogram>(queue);
    wait->observe(std::chrono::duration<double>(now - item.enqueued).count());
    totals_[{how, item.band}] += 1;
    auto& d = depths_[key_of(item, outcome::queued)];
    d.requests -= 1;
    d.bytes -= static_cast<double>(item.bytes);
}

void gate_numbers::forget(int band, const std::string& fairness_label) {
    if (fairness_label == "other") return;  // of many flows
    const auto gone = [&](const auto& entry) {
        return std::get<0>(entry.first) == fairness_label && std::get<1>(entry.first) == band;
    };
    std::erase_if(waits_, gone);
    std::erase_if(arrivals_, gone);
    std::erase_if(depths_, gone);
}

void gate_numbers::collect(metrics::exposition& out, const std::string& pool,
                           const std::string& detector, const engine& of) const {
    const auto labels_of = [&pool](const key& k) {
        const auto& [fairness, priority, model, target, how] = k;
        return metrics::labels{{"fairness_id", fairness},
                               {"priority", std::to_string(priority)},
                               {"inference_pool", pool},
                               {"model_name", model},
                               {"target_model_name", target}};
    };
    declare_all(out);
    collect_programs(out, pool, of);
    for (const auto& [k, wait] : waits_) {
        auto series = labels_of(k);
        series.emplace_back("outcome", to_string(std::get<outcome>(k)));
        histogram(out, queue_wait.name, queue_wait.text, series, *wait);
    }
    for (const auto& [k, seconds] : arrivals_) {
        const auto& [fairness, priority, how] = k;
        histogram(out, enqueueing.name, enqueueing.text,
                  {{"fairness_id", fairness},
                   {"priority", std::to_string(priority)},
                   {"outcome", std::string(to_string(how))}},
                  *seconds);
    }
    histogram(out, "dispatch_cycle_duration_seconds", "Time of one dispatch cycle.", {},
              cycle_seconds);
    for (const auto& [k, d] : depths_) {
        gauge(out, queue_size.name, queue_size.text, labels_of(k), d.requests, true);
        gauge(out, queue_bytes.name, queue_bytes.text, labels_of(k), d.bytes, true);
    }
    const std::pair<const char*, double> stages[] = {
        {"prefill", level.prefill}, {"decode", level.decode}, {"effective", level.effective}};
    for (const auto& [stage, value] : stages) {
        gauge(out, "pool_saturation", "Saturation of the pool.",
              {{"inference_pool", pool}, {"stage", stage}}, value, true);
    }
    gauge(out, "stale_endpoints", "Endpoints whose signals are too old.", {{"detector", detector}},
          static_cast<double>(level.stale), false);
    for (const auto& [priority, band] : of.bands()) {
        const metrics::labels series = {{"priority", std::to_string(priority)},
                                        {"inference_pool", pool}};
        gauge(out, "capacity_utilization_requests", "Share of the band's request limit in use.",
              series, share(band.requests(), band.settings().max_requests), false);
        gauge(out, "capacity_utilization_bytes", "Share of the band's byte limit in use.", series,
              share(band.bytes(), band.settings().max_bytes), false);
    }
    const metrics::labels whole = {{"inference_pool", pool}};
    if (of.settings().max_requests != 0) {
        gauge(out, "global_capacity_utilization_requests", "Share of the request limit in use.",
              whole, share(of.requests(), of.settings().max_requests), false);
    }
    if (of.settings().max_bytes != 0) {
        gauge(out, "global_capacity_utilization_bytes", "Share of the byte limit in use.", whole,
              share(of.bytes(), of.settings().max_bytes), false);
    }
    for (const auto& [k, total] : totals_) {
        out.counter(current + outcomes.name, metrics::alpha(outcomes.text),
                    {{"outcome", std::string(to_string(k.first))},
                     {"priority", std::to_string(k.second)},
                     {"inference_pool", pool}},
                    total);
    }
}

}  // namespace weir::flowcontrol
