#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct condition {
    const std::vector<double> signal_columns::*column = nullptr;
    double max = 0;
};

class below_limits final : public plugin_of<filter> {
  public:
    below_limits(std::vector<condition> conditions, bool fallback)
        : conditions_(std::move(conditions)), fallback_(fallback) {}

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        bool any = false;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const bool fits =
                std::all_of(conditions_.begin(), conditions_.end(), [&](const condition& c) {
                    return (candidates.signals->*c.column)[candidates[i]] <= c.max;
                });
            keep[i] = fits ? 1 : 0;
            any = any || fits;
        }
        if (!any && fallback_) std::fill(keep.begin(), keep.end(), std::uint8_t{1});
    }

  private:
    std::vector<condition> conditions_;
    bool fallback_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    std::vector<condition> conditions;
    for (auto* item : p.objects("conditions")) {
        condition c;
        const auto metric = item->one_of(
            "metric", "",
            {"active-requests", "running-requests", "waiting-queue", "kv-cache-utilization"});
        const bool kv = metric == "kv-cache-utilization";
        if (!item->has("metric")) item->reject("", "conditions: metric is required");
        if (!item->has("maxValue")) item->reject("", "conditions: maxValue is required");
        c.max = item->number("maxValue", 0, kv ? between(0, 1) : at_least(0));
        c.column = metric == "active-requests"    ? &signal_columns::inflight_requests
                   : metric == "running-requests" ? &signal_columns::running
                   : kv                           ? &signal_columns::kv_usage
                                                  : &signal_columns::waiting;
        if (metric == "active-requests") {
            context.consume(data_kind::inflight_load, p.text("inFlightLoadProducerName", ""),
                            data_need::required);
        }
        conditions.push_back(c);
    }
    p.text("inFlightLoadProducerName", "");
    if (conditions.empty()) p.reject("conditions", "at least one condition is required");
    return std::make_unique<below_limits>(std::move(conditions),
                                          p.boolean("fallbackOnEmpty", false));
}

constexpr parameter_doc docs[] = {
    {"conditions", "list", "",
     "{metric: active-requests|running-requests|waiting-queue|kv-cache-utilization, maxValue}"},
    {"fallbackOnEmpty", "bool", "false", "keep all when none meets every condition"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
};

}  // namespace

extern const plugin_type utilization_filter = {
    .name = "utilization-filter",
    .level = stability::alpha,
    .summary = "keeps endpoints whose load is within limits",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
