#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    double queue = 5;
    double kv = 0.8;
    double power = 5;
    double k = 300;
};

/// Sheds requests of negative priority with a probability that rises steeply with saturation.
class shedding final : public plugin_of<admitter> {
  public:
    explicit shedding(const settings& s) : s_(s) {}

    std::string admit(const decision_context& context, const candidate_view& candidates) override {
        if (context.request.priority >= 0 || candidates.empty()) return {};
        double sum = 0;
        for (const auto e : candidates.indexes) sum += load(*candidates.signals, e);
        const double saturation = sum / static_cast<double>(candidates.size());
        const double p = std::min(std::pow(saturation, s_.power) * s_.k, 1.0);
        if (context.random.unit() >= p) return {};
        char text[120];
        std::snprintf(text, sizeof text,
                      "inference error: ResourceExhausted - probabilistic-admitter: rejected, "
                      "saturation=%.3f prob=%.2f",
                      saturation, p);
        return text;
    }

  private:
    /// An endpoint that was never scraped counts as full.
    double load(const signal_columns& signals, std::uint32_t e) const {
        if (std::isinf(signals.age_seconds[e])) return 1;
        return std::max(signals.waiting[e] / s_.queue, signals.kv_usage[e] / s_.kv);
    }

    settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    settings s;
    s.queue = p.number("queueDepthThreshold", s.queue, above(0));
    s.kv = p.number("kvCacheUtilThreshold", s.kv, above(0));
    s.power = p.number("power", s.power, above(0));
    s.k = p.number("k", s.k, above(0));
    return std::make_unique<shedding>(s);
}

constexpr parameter_doc docs[] = {
    {"queueDepthThreshold", "float", "5", "queue length that counts as full"},
    {"kvCacheUtilThreshold", "float", "0.8", "KV cache share that counts as full"},
    {"power", "float", "5", "exponent of the saturation"},
    {"k", "float", "300", "factor of the probability min(saturation^power * k, 1)"},
};

}  // namespace

extern const plugin_type probabilistic_admitter = {
    .name = "probabilistic-admitter",
    .level = stability::beta,
    .summary = "sheds requests of negative priority with a probability that rises with saturation",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
