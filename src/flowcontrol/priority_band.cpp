#include "flowcontrol/priority_band.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace weir::flowcontrol {
namespace {

constexpr std::int64_t far_future = std::numeric_limits<std::int64_t>::max();

std::int64_t rank_of(config::ordering_policy policy, const flow_item& item, duration time_limit) {
    switch (policy) {
        case config::ordering_policy::fcfs:
            return 0;
        case config::ordering_policy::edf:
            if (time_limit.count() <= 0) return far_future;
            return (item.enqueued + time_limit).time_since_epoch().count();
        case config::ordering_policy::slo_deadline:
            if (!item.slo_ttft) return far_future;
            return (item.received + *item.slo_ttft).time_since_epoch().count();
    }
    return 0;
}

}  // namespace

bool priority_band::has_room(std::uint64_t bytes) const {
    return bytes_ + bytes <= settings_.max_bytes && requests_ + 1 <= settings_.max_requests;
}

void priority_band::add(item_ptr item, duration time_limit) {
    item->band = settings_.priority;
    item->rank = rank_of(settings_.ordering.policy, *item, time_limit);
    auto& f = flows_[item->fairness_id];
    f.label = item->fairness_label;
    f.bytes += item->bytes;
    bytes_ += item->bytes;
    ++requests_;
    const std::pair key{item->rank, item->sequence};
    f.items.emplace(key, std::move(item));
}

bool priority_band::remove(const flow_item& item, time_point now) {
    const auto at = flows_.find(item.fairness_id);
    if (at == flows_.end() || at->second.items.erase({item.rank, item.sequence}) == 0) return false;
    at->second.bytes -= item.bytes;
    bytes_ -= item.bytes;
    --requests_;
    if (at->second.items.empty()) at->second.idle_since = now;
    return true;
}

item_ptr priority_band::take(time_point now) {
    if (requests_ == 0) return nullptr;
    flow_map::iterator chosen;
    switch (settings_.fairness.policy) {
        case config::fairness_policy::global_strict:
            chosen = strictest();
            break;
        case config::fairness_policy::round_robin:
            chosen = next_in_turn();
            break;
        case config::fairness_policy::program_aware:
            chosen = least_served(now);
            break;
    }
    auto item = chosen->second.items.begin()->second;
    last_served_ = chosen->first;
    chosen->second.waited_ms +=
        std::chrono::duration<double, std::milli>(now - item->enqueued).count();
    chosen->second.waits += 1;
    remove(*item, now);
    return item;
}

/// The best head over all flows.
priority_band::flow_map::iterator priority_band::strictest() {
    auto best = flows_.end();
    for (auto it = flows_.begin(); it != flows_.end(); ++it) {
        if (it->second.items.empty()) continue;
        if (best == flows_.end() ||
            it->second.items.begin()->first < best->second.items.begin()->first) {
            best = it;
        }
    }
    return best;
}

/// The first flow behind the one that was served last, in the order of the fairness ids.
priority_band::flow_map::iterator priority_band::next_in_turn() {
    auto it = flows_.upper_bound(last_served_);
    for (std::size_t i = 0; i <= flows_.size(); ++i, ++it) {
        if (it == flows_.end()) it = flows_.begin();
        if (!it->second.items.empty()) return it;
    }
    return it;
}

double priority_band::attained(const flow& f, time_point now) const {
    const double age = std::chrono::duration<double>(now - f.attained_at).count();
    return f.attained * std::exp2(-age / settings_.fairness.program_aware.half_life_seconds);
}

/// Least attained service and longest wait of the head, each as a share of the largest.
priority_band::flow_map::iterator priority_band::least_served(time_point now) {
    double most = 0;
    double longest = 0;
    const auto wait = [now](const flow& f) {
        const auto since = f.items.begin()->second->enqueued;
        return std::chrono::duration<double>(now - since).count();
    };
    for (const auto& [id, f] : flows_) {
        if (f.items.empty()) continue;
        most = std::max(most, attained(f, now));
        longest = std::max(longest, wait(f));
    }
    const auto& p = settings_.fairness.program_aware;
    auto best = flows_.end();
    double best_score = 0;
    for (auto it = flows_.begin(); it != flows_.end(); ++it) {
        const auto& f = it->second;
        if (f.items.empty()) continue;
        const double service = most > 0 ? 1 - attained(f, now) / most : 1;
        const double waited = longest > 0 ? wait(f) / longest : 0;
        const double score = p.weight_service * service + p.weight_head_wait * waited;
        if (best == flows_.end() || score > best_score) {
            best = it;
            best_score = score;
        }
    }
    return best;
}

void priority_band::account(const std::string& fairness_id, double tokens, time_point now) {
    const auto at = flows_.find(fairness_id);
    if (at == flows_.end()) return;
    at->second.attained = attained(at->second, now) + tokens;
    at->second.attained_at = now;
}

std::vector<std::string> priority_band::forget_idle(time_point now, duration after) {
    if (settings_.fairness.policy == config::fairness_policy::program_aware) {
        after = std::chrono::duration_cast<duration>(
            std::chrono::duration<double>(settings_.fairness.program_aware.eviction_ttl_seconds));
    }
    std::vector<std::string> gone;
    std::erase_if(flows_, [&](const auto& entry) {
        const bool idle = entry.second.items.empty() && now - entry.second.idle_since > after;
        if (idle) gone.push_back(entry.second.label);
        return idle;
    });
    return gone;
}

}  // namespace weir::flowcontrol
