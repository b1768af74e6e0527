#include "scheduling/plugin_times.hpp"

#include "base/metric_buckets.hpp"
#include "base/metric_help.hpp"

namespace weir::scheduling {

namespace {

constexpr auto& bounds = metrics::buckets::fast;

constexpr std::string_view family = "llm_d_epp_plugin_duration_seconds";
constexpr std::string_view twin = "inference_extension_plugin_duration_seconds";
constexpr std::string_view text =
    "Time that a plugin took, by plugin type, plugin name and extension point.";

}  // namespace

std::string_view to_string(extension_point e) {
    static constexpr std::array<std::string_view, extension_points> names = {
        "RequestHeader",          "Screener",   "DataProducer",     "Admission",
        "ProfilePicker",          "Filter",     "Scorer",           "Picker",
        "ProcessProfilesResults", "PreRequest", "ResponseReceived", "ResponseStreaming",
        "ResponseComplete"};
    return names[static_cast<std::size_t>(e)];
}

plugin_times::plugin_times() : shared_(std::make_shared<cells>()) { all_.push_back(shared_); }

plugin_times::slot plugin_times::add(extension_point where, std::string_view type,
                                     std::string_view name) {
    const std::scoped_lock lock(mutex_, shared_lock_);
    const auto next = static_cast<slot>(slots_.size());
    const auto [at, fresh] =
        slots_.try_emplace({where, std::string(type), std::string(name)}, next);
    if (fresh) shared_->calls_.emplace_back(bounds);
    return at->second;
}

std::shared_ptr<plugin_times::cells> plugin_times::add_worker() {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<cells> out;
    for (const auto& c : all_) {
        if (c.use_count() == 1) out = c;
    }
    if (out == nullptr) out = all_.emplace_back(std::make_shared<cells>());
    while (out->calls_.size() < slots_.size()) out->calls_.emplace_back(bounds);
    return out;
}

void plugin_times::observe(slot s, double seconds) {
    const std::unique_lock lock(shared_lock_, std::try_to_lock);
    if (lock.owns_lock()) shared_->observe(s, seconds);
}

void plugin_times::collect(metrics::exposition& out) const {
    const std::lock_guard lock(mutex_);
    const auto help = metrics::alpha(text);
    const auto twin_help = metrics::deprecated(family, text);
    out.declare(family, help, "histogram");
    out.declare(twin, twin_help, "histogram");
    // Data has its place here, which nobody can miss: the family is there, and stays empty.
    out.declare("llm_d_epp_plugin_data_scope_violations_total",
                "[ALPHA] Reads and writes of data that a plugin did not declare.", "counter");
    for (const auto& [k, s] : slots_) {
        const auto& [where, type, name] = k;
        const metrics::labels labels = {{"extension_point", std::string(to_string(where))},
                                        {"plugin_type", type},
                                        {"plugin_name", name}};
        for (const auto& c : all_) {
            if (s >= c->calls_.size()) continue;
            out.histogram(family, help, labels, c->calls_[s].times);
            out.histogram(twin, twin_help, labels, c->calls_[s].times);
        }
    }
}

}  // namespace weir::scheduling
