#include "scheduling/latency_numbers.hpp"

#include "base/metric_buckets.hpp"
#include "base/metric_help.hpp"

namespace weir::scheduling {

namespace {

namespace buckets = metrics::buckets;

constexpr std::size_t most_models = 1000;  ///< later ones are `other`

const std::string current = "llm_d_epp_";
const std::string deprecated = "inference_objective_";

metrics::labels joined(const metrics::labels& a, const metrics::labels& b) {
    auto out = a;
    out.insert(out.end(), b.begin(), b.end());
    return out;
}

metrics::labels with_type(metrics::labels labels, const std::string& type) {
    labels.emplace_back("type", type);
    return labels;
}

void show(metrics::exposition& out, const std::string& name, const std::string& text,
          const metrics::labels& plugin, const metrics::labels& models,
          const metrics::histogram& value) {
    out.histogram(current + name, metrics::alpha(text), joined(plugin, models), value);
    out.histogram(deprecated + name, metrics::deprecated(current + name, text), models, value);
}

}  // namespace

latency_numbers::dimension::dimension(std::span<const double> bounds)
    : seen(bounds), foreseen(bounds), took(buckets::fast) {}

latency_numbers::cells::cells() : ttft(buckets::general), tpot(buckets::per_token) {}

void latency_numbers::dimension::note(double observed, double predicted, double slo) {
    if (observed < 0) return;
    seen.observe(observed / 1000);
    last_seen = observed / 1000;
    if (predicted >= 0) last_foreseen = predicted / 1000;
    last_slo = slo / 1000;
    if (slo > 0 && observed > slo) violations += 1;
}

latency_numbers::cells& latency_numbers::cells_of(std::string_view model, std::string_view target) {
    key k{model, target};
    if (all_.size() >= most_models && !all_.contains(k)) k = {"other", "other"};
    return all_[std::move(k)];
}

void latency_numbers::predicted(std::string_view model, std::string_view target,
                                const latency_outcome& what, double seconds) {
    const std::lock_guard lock(mutex_);
    auto& c = cells_of(model, target);
    const auto note = [seconds](dimension& d, double ms) {
        if (ms < 0) return;
        d.foreseen.observe(ms / 1000);
        d.took.observe(seconds);
    };
    note(c.ttft, what.predicted_ttft);
    note(c.tpot, what.predicted_tpot);
}

void latency_numbers::observed(std::string_view model, std::string_view target,
                               const latency_outcome& what) {
    const std::lock_guard lock(mutex_);
    auto& c = cells_of(model, target);
    c.ttft.note(what.ttft, what.predicted_ttft, what.ttft_slo);
    c.tpot.note(what.tpot, what.predicted_tpot, what.tpot_slo);
}

void latency_numbers::collect_dimension(metrics::exposition& out, const std::string& what,
                                        const dimension& of, const metrics::labels& plugin,
                                        const metrics::labels& models) {
    show(out, "request_predicted_" + what + "_seconds", "Predicted latency of requests.", plugin,
         models, of.foreseen);
    show(out, "request_" + what + "_prediction_duration_seconds", "Time that a prediction took.",
         plugin, models, of.took);
    // Its successor is measured for every request, without this plugin.
    const auto own = what == "ttft" ? "request_ttft_seconds" : "request_streaming_tpot_seconds";
    out.histogram(deprecated + "request_" + what + "_seconds",
                  metrics::deprecated(current + own, "Latency of requests."), models, of.seen);
    const auto gauge = [&](const std::string& type, double value) {
        const std::string name = "inference_request_metric";
        const std::string text = "What was last seen, predicted and asked for.";
        out.gauge(current + name, metrics::alpha(text), with_type(joined(plugin, models), type),
                  value);
        out.gauge(deprecated + name, metrics::deprecated(current + name, text),
                  with_type(models, type), value);
    };
    if (of.last_seen >= 0) gauge(what, of.last_seen);
    if (of.last_foreseen >= 0) gauge("predicted_" + what, of.last_foreseen);
    if (of.last_slo > 0) gauge(what + "_slo_threshold", of.last_slo);
    const std::string name = "request_slo_violation_total";
    const std::string text = "Answers that missed the latency their request asked for.";
    out.counter(current + name, metrics::alpha(text), with_type(joined(plugin, models), what),
                of.violations);
    out.counter(deprecated + name, metrics::deprecated(current + name, text),
                with_type(models, what), of.violations);
}

void latency_numbers::collect(metrics::exposition& out, const std::string& name,
                              const std::string& type) const {
    const std::lock_guard lock(mutex_);
    const metrics::labels plugin = {{"plugin_name", name}, {"plugin_type", type}};
    for (const auto& [k, c] : all_) {
        const metrics::labels models = {{"model_name", k.first}, {"target_model_name", k.second}};
        collect_dimension(out, "ttft", c.ttft, plugin, models);
        collect_dimension(out, "tpot", c.tpot, plugin, models);
    }
}

}  // namespace weir::scheduling
