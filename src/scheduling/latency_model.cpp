#include "scheduling/latency_model.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace weir::scheduling {

online_regression<7>::inputs latency_model::ttft_inputs(const latency_features& f) {
    return {1,
            f.uncached_tokens / 1000,
            f.cached_share,
            f.waiting / 10,
            f.running / 10,
            f.inflight_tokens / 10000,
            f.kv_usage};
}

online_regression<4>::inputs latency_model::tpot_inputs(const latency_features& f) {
    return {1, f.running / 10, f.waiting / 10, f.kv_usage};
}

void latency_model::observe_ttft(std::uint64_t endpoint, const latency_features& f, double ms) {
    if (!std::isfinite(ms) || ms < 0) return;
    const std::unique_lock guard(lock_);
    const auto x = ttft_inputs(f);
    shared_.ttft.observe(x, ms);
    if (shared_.ttft.count() >= least_shared) ready_.store(true, std::memory_order_relaxed);
    endpoints_[endpoint].ttft.observe(x, ms);
}

void latency_model::observe_tpot(std::uint64_t endpoint, const latency_features& f, double ms) {
    if (!std::isfinite(ms) || ms < 0) return;
    const std::unique_lock guard(lock_);
    const auto x = tpot_inputs(f);
    shared_.tpot.observe(x, ms);
    endpoints_[endpoint].tpot.observe(x, ms);
}

latency_estimate latency_model::predict(std::uint64_t endpoint, const latency_features& f) const {
    latency_estimate out;
    const std::shared_lock guard(lock_);
    if (shared_.ttft.count() < least_shared) return out;
    const auto it = endpoints_.find(endpoint);
    const auto* own = it == endpoints_.end() ? nullptr : &it->second;
    const auto& ttft = own != nullptr && own->ttft.count() >= least_own ? own->ttft : shared_.ttft;
    const auto& tpot = own != nullptr && own->tpot.count() >= least_own ? own->tpot : shared_.tpot;
    out.known = true;
    // A line may cross zero far from what was seen; time does not.
    out.ttft_ms = std::max(0.0, ttft.predict(ttft_inputs(f)));
    out.tpot_ms = tpot.count() == 0 ? 0 : std::max(0.0, tpot.predict(tpot_inputs(f)));
    out.confidence = ttft.confidence();
    return out;
}

double latency_model::least_tpot_slo(std::uint64_t endpoint) const {
    const std::shared_lock guard(lock_);
    const auto it = endpoints_.find(endpoint);
    if (it == endpoints_.end()) return 0;
    double least = 0;
    for (const auto& [ms, n] : it->second.tpot_slos) least = least == 0 ? ms : std::min(least, ms);
    return least;
}

void latency_model::add_tpot_slo(std::uint64_t endpoint, double ms) {
    if (ms <= 0) return;
    const std::unique_lock guard(lock_);
    ++endpoints_[endpoint].tpot_slos[ms];
}

void latency_model::remove_tpot_slo(std::uint64_t endpoint, double ms) {
    if (ms <= 0) return;
    const std::unique_lock guard(lock_);
    auto& slos = endpoints_[endpoint].tpot_slos;
    const auto it = slos.find(ms);
    if (it != slos.end() && --it->second <= 0) slos.erase(it);
}

}  // namespace weir::scheduling
