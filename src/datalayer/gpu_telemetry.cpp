#include "datalayer/gpu_telemetry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "datalayer/exposition_parser.hpp"

namespace weir::datalayer {
namespace {

bool is_of_pod(std::string_view name, std::string_view pod) {
    return name.starts_with(pod) &&
           (name.size() == pod.size() || name.substr(pod.size()).starts_with("-rank-"));
}

/// Percent in, the largest of those that are the endpoint's.
class gpu_reader final : public sample_reader {
  public:
    explicit gpu_reader(std::string_view name) : name_(name) {}

    void on_sample(const sample& s) override {
        const auto pod = std::find_if(s.labels.begin(), s.labels.end(),
                                      [](const auto& l) { return l.name == "pod"; });
        if (pod != s.labels.end() && !pod->value.empty() && !is_of_pod(name_, pod->value)) return;
        if (!s.readable || !std::isfinite(s.value) || s.value < 0) return;
        const auto share = std::min(s.value / 100, 1.0);
        most_ = std::isnan(most_) ? share : std::max(most_, share);
    }

    double most() const { return most_; }

  private:
    std::string_view name_;
    double most_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace

double busiest_gpu(std::string_view page, std::string_view name) {
    static const family_set wanted({"DCGM_FI_DEV_GPU_UTIL"});
    gpu_reader reader(name);
    exposition_parser parser;
    parser.start(wanted, reader);
    const bool whole = parser.feed(page) && parser.finish(true, false) == page_verdict::complete;
    return whole ? reader.most() : std::numeric_limits<double>::quiet_NaN();
}

/// The exporter beside one endpoint.
struct gpu_telemetry::exporter {
    exporter(gpu_telemetry& owner, const endpoint_pool::member& m)
        : name(m.listed.what.name),
          where(m.listed.where),
          state(m.state),
          question(owner.loop_, owner.connections_, m.state->serial,
                   [this, &owner](const fetch::outcome& o) { take(owner, o); }) {}

    void take(const gpu_telemetry& owner, const fetch::outcome& o) const {
        if (o.status != 200) return;
        const double use = busiest_gpu(o.body, name);
        if (std::isnan(use)) return;
        for (const auto& key : owner.source_.keys) {
            const auto cell = owner.pool_.attribute_cell(key);
            if (cell != max_attributes)
                state->attributes.values[cell].store(use, std::memory_order_relaxed);
        }
    }

    const std::string name;
    const http::address where;
    const std::shared_ptr<endpoint_state> state;
    time_point next{};
    fetch question;
};

gpu_telemetry::gpu_telemetry(http::event_loop& loop, endpoint_pool& pool)
    : loop_(loop), pool_(pool), connections_(loop, fetch::connection_options()) {}

gpu_telemetry::~gpu_telemetry() = default;

void gpu_telemetry::configure(gpu_source source) {
    source_ = std::move(source);
    exporters_.clear();
    connections_.close_all_idle();
    version_ = ~std::uint64_t{0};
    pool_.add_attributes(source_.keys);
}

void gpu_telemetry::tick() {
    if (source_.keys.empty()) return;
    if (version_ != pool_.version()) follow();
    for (const auto& [serial, e] : exporters_) {
        if (e->question.active() || loop_.now() < e->next) continue;
        e->next = loop_.now() + source_.interval;
        auto there = e->where;
        there.set_port(source_.port);
        e->question.start(there, source_.path, fetch::exposition, source_.tls);
    }
}

/// Makes the exporters those of the pool's endpoints.
void gpu_telemetry::follow() {
    version_ = pool_.version();
    std::unordered_map<std::uint64_t, std::unique_ptr<exporter>> still;
    for (const auto& m : pool_.members()) {
        const auto at = exporters_.find(m->state->serial);
        if (at != exporters_.end()) {
            still.insert(exporters_.extract(at));
        } else {
            still.emplace(m->state->serial, std::make_unique<exporter>(*this, *m));
        }
    }
    exporters_ = std::move(still);
}

}  // namespace weir::datalayer
