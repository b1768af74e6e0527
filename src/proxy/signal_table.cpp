#include "proxy/signal_table.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::proxy {
namespace {

// Endpoints that are compared in one go, without a branch.
constexpr std::size_t stride = 32;
/// An age and the time it was read at come from one clock, up to rounding.
constexpr double same_time = 1e-6;

/// 0 when both lists are the same, bit by bit. No branch: the compiler does several at a time.
std::uint64_t difference(const double* a, const double* b, std::size_t n) {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < n; ++i)
        any |= std::bit_cast<std::uint64_t>(a[i]) ^ std::bit_cast<std::uint64_t>(b[i]);
    return any;
}

/// 0 when the ages `now` are those of the same scrapes.
std::uint64_t scraped_since(const double* age, const double* scraped, std::size_t n, double now) {
    std::uint64_t signs = 0;
    for (std::size_t i = 0; i < n; ++i)
        signs |= std::bit_cast<std::uint64_t>(same_time - std::abs(now - age[i] - scraped[i]));
    return signs >> 63;
}

}  // namespace

recorded_signals signal_table::row(std::size_t e) const {
    return {waiting_[e], running_[e], kv_usage_[e], scraped_[e], inflight_[e], inflight_tokens_[e]};
}

void signal_table::set(std::size_t e, const signal_columns& signals, double now) {
    waiting_[e] = signals.waiting[e];
    running_[e] = signals.running[e];
    kv_usage_[e] = signals.kv_usage[e];
    scraped_[e] = now - signals.age_seconds[e];
    inflight_[e] = signals.inflight_requests[e];
    inflight_tokens_[e] = signals.inflight_tokens[e];
}

void signal_table::reset(std::string_view pool, std::uint64_t version,
                         const signal_columns& signals, double now) {
    pool_.assign(pool);
    version_ = version;
    for (auto* column :
         {&waiting_, &running_, &kv_usage_, &scraped_, &inflight_, &inflight_tokens_}) {
        column->resize(signals.size());
    }
    for (std::size_t e = 0; e < signals.size(); ++e) set(e, signals, now);
}

bool signal_table::differs(std::size_t begin, std::size_t end, const signal_columns& signals,
                           double now) const {
    const auto n = end - begin;
    const auto unlike = [&](const std::vector<double>& read, const std::vector<double>& kept) {
        return difference(read.data() + begin, kept.data() + begin, n);
    };
    return (unlike(signals.waiting, waiting_) | unlike(signals.running, running_) |
            unlike(signals.kv_usage, kv_usage_) | unlike(signals.inflight_requests, inflight_) |
            unlike(signals.inflight_tokens, inflight_tokens_) |
            scraped_since(signals.age_seconds.data() + begin, scraped_.data() + begin, n, now)) !=
           0;
}

void signal_table::update(const signal_columns& signals, double now,
                          std::vector<signal_change>& changes) {
    for (std::size_t begin = 0; begin < size(); begin += stride) {
        const auto end = std::min(begin + stride, size());
        if (!differs(begin, end, signals, now)) continue;
        for (auto e = begin; e < end; ++e) {
            if (!differs(e, e + 1, signals, now)) continue;
            changes.push_back({static_cast<std::uint32_t>(e), row(e)});
            set(e, signals, now);
        }
    }
}

void signal_table::copy(std::span<recorded_signals> out) const {
    for (std::size_t e = 0; e < out.size(); ++e) out[e] = row(e);
}

}  // namespace weir::proxy
