#include "flowcontrol/engine.hpp"

#include <algorithm>

#include "flowcontrol/usage_limit.hpp"

namespace weir::flowcontrol {
namespace {

constexpr duration sweep_period = std::chrono::seconds(1);
constexpr duration idle_flow = std::chrono::minutes(5);

config::band_settings template_for(const config::flow_control_settings& s, int priority) {
    const auto& chosen = priority < 0 ? s.default_negative_band : s.default_band;
    auto band = chosen.value_or(config::band_settings{});
    band.priority = priority;
    return band;
}

}  // namespace

engine::engine(config::flow_control_settings settings, const std::set<int>& priorities) {
    configure(std::move(settings), priorities);
}

void engine::configure(config::flow_control_settings settings, const std::set<int>& priorities) {
    settings_ = std::move(settings);
    std::map<int, config::band_settings> wanted;
    for (const auto& b : settings_.bands) wanted.emplace(b.priority, b);
    wanted.emplace(0, template_for(settings_, 0));
    for (const int p : priorities) wanted.emplace(p, template_for(settings_, p));
    for (const auto& [priority, band] : wanted) {
        const auto [at, made] = bands_.try_emplace(priority, band);
        if (!made) at->second.configure(band);
    }
    std::erase_if(bands_, [&](const auto& entry) {
        return !wanted.contains(entry.first) && entry.second.requests() == 0;
    });
    priorities_.clear();
    for (const auto& [priority, band] : bands_) priorities_.push_back(priority);
}

priority_band& engine::band_of(int priority) {
    const auto at = bands_.find(priority);
    return at != bands_.end() ? at->second : bands_.at(0);
}

duration engine::time_limit(bool ready) const {
    if (ready) return settings_.default_request_ttl;
    return settings_.no_endpoint_request_ttl.value_or(settings_.default_request_ttl);
}

void engine::note(bool ready, time_point now) {
    if (ready == ready_) return;
    ready_ = ready;
    ready_since_ = now;
}

outcome engine::enqueue(const item_ptr& item, time_point now, bool ready) {
    note(ready, now);
    auto& band = band_of(item->priority);
    const auto& s = settings_;
    const bool fits = (s.max_bytes == 0 || bytes_ + item->bytes <= s.max_bytes) &&
                      (s.max_requests == 0 || requests_ + 1 <= s.max_requests) &&
                      band.has_room(item->bytes);
    if (!fits) return ready ? outcome::rejected_capacity : outcome::rejected_no_endpoints;
    item->enqueued = now;
    item->sequence = ++last_sequence_;
    band.add(item, time_limit(ready));
    by_age_.emplace(item->sequence, item);
    ++requests_;
    bytes_ += item->bytes;
    return outcome::queued;
}

item_ptr engine::dispatch(double saturation, time_point now) {
    if (requests_ == 0) return nullptr;
    ceilings_ = ceilings(settings_.usage_limit, priorities_, saturation, usage_tick_);
    std::size_t i = 0;
    for (auto& [priority, band] : bands_) {
        if (saturation >= ceilings_[i++]) return nullptr;
        if (auto item = band.take(now)) {
            forget(*item);
            return item;
        }
    }
    return nullptr;
}

std::optional<blocked_band> engine::blocked_above(int priority, double saturation) const {
    if (requests_ == 0 || ceilings_.size() != bands_.size()) return std::nullopt;
    std::size_t i = 0;
    for (const auto& [level, band] : bands_) {
        const double ceiling = ceilings_[i++];
        if (level <= priority) break;
        if (ceiling > 0 && saturation >= ceiling && band.requests() != 0)
            return blocked_band{level, ceiling};
    }
    return std::nullopt;
}

void engine::expire(time_point now, bool ready, std::vector<std::pair<item_ptr, outcome>>& out) {
    note(ready, now);
    sweep(now);
    const auto limit = time_limit(ready);
    if (limit.count() <= 0) return;
    while (!by_age_.empty()) {
        const auto item = by_age_.begin()->second;
        if (now - std::max(item->enqueued, ready_since_) < limit) return;
        bands_.at(item->band).remove(*item, now);
        forget(*item);
        out.emplace_back(item, ready ? outcome::evicted_ttl : outcome::evicted_no_endpoints);
    }
}

bool engine::cancel(flow_item& item, time_point now) {
    if (item.sequence == 0 || !bands_.at(item.band).remove(item, now)) return false;
    forget(item);
    return true;
}

std::vector<item_ptr> engine::take_all(time_point now) {
    std::vector<item_ptr> out;
    while (!by_age_.empty()) {
        out.push_back(by_age_.begin()->second);
        cancel(*out.back(), now);
    }
    return out;
}

/// Out of the counts; the band has let go of it already.
void engine::forget(flow_item& item) {
    --requests_;
    bytes_ -= item.bytes;
    const auto sequence = std::exchange(item.sequence, 0);
    by_age_.erase(sequence);
}

void engine::account(int priority, const std::string& fairness_id, double prompt_tokens,
                     double completion_tokens, time_point now) {
    band_of(priority).account(fairness_id, prompt_tokens + 2 * completion_tokens, now);
}

void engine::sweep(time_point now) {
    if (now - swept_ < sweep_period) return;
    swept_ = now;
    for (auto& [priority, band] : bands_) {
        for (auto& label : band.forget_idle(now, idle_flow))
            forgotten_.emplace_back(priority, std::move(label));
    }
}

}  // namespace weir::flowcontrol
