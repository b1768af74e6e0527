#include "flowcontrol/gate.hpp"

#include <chrono>

#include "flowcontrol/gate_numbers.hpp"

namespace weir::flowcontrol {

namespace {

/// How long after a request's end the detector may still show its load: what is counted here goes
/// at once, what is scraped waits for the engine to free its memory and for the next page.
duration grace_of(const config::detector_settings& detector, duration scrape_period) {
    constexpr auto engine_frees = std::chrono::milliseconds(250);
    if (detector.kind == config::detector_kind::concurrency) return std::chrono::milliseconds(10);
    return scrape_period + detector.metrics_staleness_threshold + engine_frees;
}

}  // namespace

gate::gate(std::string pool, config::flow_control_settings settings,
           const config::detector_settings& detector, const std::set<int>& priorities,
           duration scrape_period)
    : pool_(std::move(pool)),
      engine_(settings, priorities),
      numbers_(std::make_unique<gate_numbers>()) {
    configure(std::move(settings), detector, priorities, scrape_period);
}

gate::~gate() = default;

void gate::configure(config::flow_control_settings settings,
                     const config::detector_settings& detector, const std::set<int>& priorities,
                     duration scrape_period) {
    const std::lock_guard lock(mutex_);
    reclaimer_.configure(settings.enable_eviction, grace_of(detector, scrape_period));
    engine_.configure(std::move(settings), priorities);
    counts_in_flight_ = detector.kind == config::detector_kind::concurrency;
    detector_ = detector.name;
}

/// A detector that counts what is in flight has not seen a request that is on its way to its
/// endpoint: until it has, nothing follows, or two would take one place.
item_ptr gate::dispatch_one(const stage_levels& level, time_point now, released& out) {
    if (counts_in_flight_ && unconfirmed_ != 0) return nullptr;
    const auto begin = steady_clock::now();
    auto item = engine_.dispatch(level.effective, now);
    numbers_->cycle_seconds.observe(
        std::chrono::duration<double>(steady_clock::now() - begin).count());
    numbers_->level = level;
    if (item) {
        ++unconfirmed_;
        left(*item, outcome::dispatched, now);
        if (reclaimer_.on()) reclaimer_.track(item);
    } else if (reclaimer_.on() && level.ready) {
        reclaim(level, now, out);
    }
    return item;
}

/// Nothing could leave: what is under way and matters less may have to make room.
void gate::reclaim(const stage_levels& level, time_point now, released& out) {
    const auto victim = reclaimer_.victim();
    if (!victim || !reclaimer_.may_act(now)) return;
    const auto band = engine_.blocked_above(*victim, level.effective);
    if (band) out.revoked = reclaimer_.act(level.effective, *band, now);
}

void gate::left(const flow_item& item, outcome how, time_point now) {
    numbers_->left(item, how, now);
    waiting_.store(engine_.requests(), std::memory_order_relaxed);
}

outcome gate::arrive(const item_ptr& item, const stage_levels& level, time_point now,
                     released& out) {
    const std::lock_guard lock(mutex_);
    const auto begin = steady_clock::now();
    const auto verdict = engine_.enqueue(item, now, level.ready);
    numbers_->arrived(*item, verdict,
                      std::chrono::duration<double>(steady_clock::now() - begin).count());
    if (verdict != outcome::queued) return verdict;
    waiting_.store(engine_.requests(), std::memory_order_relaxed);
    const auto gone = dispatch_one(level, now, out);
    if (gone == item) return outcome::dispatched;
    if (gone) out.items.emplace_back(gone, outcome::dispatched);
    return outcome::queued;
}

void gate::cycle(const stage_levels& level, time_point now, released& out) {
    const std::lock_guard lock(mutex_);
    const auto before = out.items.size();
    engine_.expire(now, level.ready, out.items);
    for (const auto& [band, label] : engine_.take_forgotten()) numbers_->forget(band, label);
    for (std::size_t i = before; i < out.items.size(); ++i) {
        left(*out.items[i].first, out.items[i].second, now);
    }
    if (auto gone = dispatch_one(level, now, out)) {
        out.items.emplace_back(std::move(gone), outcome::dispatched);
    }
}

bool gate::cancel(flow_item& item, time_point now) {
    const std::lock_guard lock(mutex_);
    if (!engine_.cancel(item, now)) {
        reclaimer_.ended(item, now);
        return false;
    }
    left(item, outcome::evicted_cancelled, now);
    return true;
}

void gate::ended(flow_item& item, time_point now) {
    const std::lock_guard lock(mutex_);
    reclaimer_.ended(item, now);
}

void gate::confirm() {
    const std::lock_guard lock(mutex_);
    --unconfirmed_;
}

void gate::close(time_point now, released& out) {
    const std::lock_guard lock(mutex_);
    for (auto& item : engine_.take_all(now)) {
        left(*item, outcome::shutting_down, now);
        out.items.emplace_back(std::move(item), outcome::shutting_down);
    }
}

void gate::account(int priority, const std::string& fairness_id, double prompt_tokens,
                   double completion_tokens, time_point now) {
    const std::lock_guard lock(mutex_);
    engine_.account(priority, fairness_id, prompt_tokens, completion_tokens, now);
}

std::vector<band_state> gate::bands(time_point now) const {
    const std::lock_guard lock(mutex_);
    std::vector<band_state> out;
    for (const auto& [priority, band] : engine_.bands()) {
        auto& b = out.emplace_back();
        b.settings = band.settings();
        b.requests = band.requests();
        b.bytes = band.bytes();
        for (const auto& [id, flow] : band.flows()) {
            if (flow.items.empty()) continue;
            auto& f = b.flows.emplace_back();
            f.fairness_id = id;
            f.requests = flow.items.size();
            f.bytes = flow.bytes;
            for (const auto& [key, item] : flow.items)
                f.oldest = std::max<duration>(f.oldest, now - item->enqueued);
        }
    }
    return out;
}

void gate::collect(metrics::exposition& out) const {
    const std::lock_guard lock(mutex_);
    numbers_->collect(out, pool_, detector_, engine_);
    reclaimer_.collect(out, pool_);
}

}  // namespace weir::flowcontrol
