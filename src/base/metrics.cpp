#include "base/metrics.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>
#include <unordered_map>

namespace weir::metrics {
namespace {

using series_key = std::vector<prometheus::ClientMetric::Label>;

series_key key_of(const labels& series) {
    series_key key;
    key.reserve(series.size());
    for (const auto& [name, value] : series) key.push_back({name, value});
    std::sort(key.begin(), key.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return key;
}

struct less_key {
    bool operator()(const series_key& a, const series_key& b) const {
        return std::lexicographical_compare(
            a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
                return x.name != y.name ? x.name < y.name : x.value < y.value;
            });
    }
};

}  // namespace

histogram::histogram(std::span<const double> bounds)
    : bounds_(bounds), counts_(new std::atomic<std::uint64_t>[bounds.size() + 1] {}) {}

struct exposition::impl {
    struct family {
        prometheus::MetricFamily out;
        std::map<series_key, std::size_t, less_key> index;
    };
    std::vector<std::unique_ptr<family>> families;
    std::unordered_map<std::string, family*> by_name;

    family& find(std::string_view name, std::string_view help, prometheus::MetricType type) {
        auto& slot = by_name[std::string(name)];
        if (slot == nullptr) {
            families.push_back(std::make_unique<family>());
            slot = families.back().get();
            slot->out.name = std::string(name);
            slot->out.help = std::string(help);
            slot->out.type = type;
        }
        return *slot;
    }

    static prometheus::ClientMetric& series(family& f, const labels& series) {
        auto key = key_of(series);
        const auto [at, added] = f.index.try_emplace(std::move(key), f.out.metric.size());
        if (added) {
            f.out.metric.emplace_back();
            f.out.metric.back().label = at->first;
        }
        return f.out.metric[at->second];
    }
};

exposition::exposition() : impl_(std::make_unique<impl>()) {}
exposition::~exposition() = default;

void exposition::counter(std::string_view name, std::string_view help, const labels& series,
                         double value) {
    auto& f = impl_->find(name, help, prometheus::MetricType::Counter);
    impl::series(f, series).counter.value += value;
}

void exposition::gauge(std::string_view name, std::string_view help, const labels& series,
                       double value) {
    auto& f = impl_->find(name, help, prometheus::MetricType::Gauge);
    impl::series(f, series).gauge.value += value;
}

void exposition::histogram(std::string_view name, std::string_view help, const labels& series,
                           const metrics::histogram& value) {
    auto& f = impl_->find(name, help, prometheus::MetricType::Histogram);
    auto& out = impl::series(f, series).histogram;
    const auto bounds = value.bounds();
    if (out.bucket.empty()) {
        for (const double bound : bounds) out.bucket.push_back({0, bound});
        out.bucket.push_back({0, std::numeric_limits<double>::infinity()});
    }
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        total += value.bucket(i);
        out.bucket[i].cumulative_count += total;
    }
    out.sample_count += total;
    out.sample_sum += value.sum();
}

void exposition::declare(std::string_view name, std::string_view help, std::string_view type) {
    impl_->find(name, help,
                type == "counter"     ? prometheus::MetricType::Counter
                : type == "histogram" ? prometheus::MetricType::Histogram
                                      : prometheus::MetricType::Gauge);
}

void exposition::write(const std::function<void(std::string_view)>& sink) const {
    const prometheus::TextSerializer serializer;
    for (const auto& f : impl_->families) {
        std::ostringstream out;
        serializer.Serialize(out, {f->out});
        sink(std::move(out).str());
    }
}

std::string exposition::text() const {
    std::string out;
    write([&out](std::string_view family) { out += family; });
    return out;
}

}  // namespace weir::metrics
