#include "flowcontrol/reclaimer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace weir::flowcontrol {
namespace {

constexpr std::array bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};

}  // namespace

reclaimer::reclaimer() : confirmation_(bounds) {}

void reclaimer::configure(bool on, duration grace) {
    on_ = on;
    grace_ = grace;
}

void reclaimer::track(const item_ptr& item) {
    item->lease = ++last_lease_;
    ++tracked_;
    if (item->priority < 0) evictable_.emplace(order{item->priority, item->lease}, item);
}

void reclaimer::ended(flow_item& item, time_point now) {
    const auto lease = std::exchange(item.lease, 0);
    if (lease == 0) return;
    --tracked_;
    evictable_.erase({item.priority, lease});
    for (auto& d : debits_) {
        if (d.lease != lease || d.retired) continue;
        d.retired = now;
        confirmed_ += 1;
        confirmation_.observe(std::chrono::duration<double>(now - d.issued).count());
    }
}

std::optional<int> reclaimer::victim() const {
    if (evictable_.empty()) return std::nullopt;
    return evictable_.begin()->first.priority;
}

bool reclaimer::may_act(time_point now) {
    for (auto& d : debits_) {
        if (d.retired || now - d.issued < confirmation_timeout) continue;
        d.retired = now;
        timed_out_ += 1;
    }
    std::erase_if(debits_, [&](const debit& d) { return d.retired && now - *d.retired >= grace_; });
    return debits_.empty();
}

double reclaimer::pending() const {
    double sum = 0;
    for (const auto& d : debits_) sum += d.amount;
    return sum;
}

std::vector<item_ptr> reclaimer::act(double saturation, const blocked_band& band, time_point now) {
    std::vector<item_ptr> out;
    target_ = saturation - band.ceiling;
    if (evictable_.empty() || !std::isfinite(saturation)) return out;
    // What one request holds, on average, in the detector's own unit.
    const double credit = saturation / static_cast<double>(tracked_);
    const double net = target_ - pending();
    if (net < 0 || (net == 0 && !debits_.empty())) return out;
    const double wanted = std::max(1.0, std::ceil(net / credit));
    const auto most = std::min(most_at_once, evictable_.size());
    const auto n = wanted < static_cast<double>(most) ? static_cast<std::size_t>(wanted) : most;
    for (std::size_t i = 0; i < n; ++i) {
        const auto first = evictable_.begin();
        debits_.push_back({first->first.lease, credit, now, std::nullopt});
        out.push_back(std::move(first->second));
        evictable_.erase(first);
    }
    issued_[band.priority] += static_cast<double>(n);
    return out;
}

void reclaimer::collect(metrics::exposition& out, const std::string& pool) const {
    const std::string prefix = "llm_d_epp_flow_control_";
    const metrics::labels whole = {{"inference_pool", pool}};
    const auto issued_help =
        "[ALPHA] Requests under way that were ended for a waiting one, by the "
        "priority of the band that waited.";
    out.declare(prefix + "revocations_issued_total", issued_help, "counter");
    for (const auto& [priority, n] : issued_) {
        out.counter(prefix + "revocations_issued_total", issued_help,
                    {{"priority", std::to_string(priority)}, {"inference_pool", pool}}, n);
    }
    const std::pair<const char*, double> outcomes[] = {{"confirmed", confirmed_},
                                                       {"timed_out", timed_out_}};
    for (const auto& [outcome, n] : outcomes) {
        out.counter(prefix + "revocations_total",
                    "[ALPHA] Requests that were ended, by whether their end was seen.",
                    {{"outcome", outcome}, {"inference_pool", pool}}, n);
    }
    out.gauge(prefix + "reclaim_target",
              "[ALPHA] Saturation above the ceiling when requests were last ended.", whole,
              target_);
    out.gauge(prefix + "pending_reclaim",
              "[ALPHA] Saturation that ended requests are still expected to give back.", whole,
              pending());
    out.histogram(prefix + "revocation_confirmation_seconds",
                  "[ALPHA] From ending a request to its being gone.", whole, confirmation_);
}

}  // namespace weir::flowcontrol
