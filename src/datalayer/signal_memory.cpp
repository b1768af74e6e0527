#include "datalayer/signal_memory.hpp"

#include <algorithm>

namespace weir::datalayer {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

void signal_memory::apply(const page_values& page, double capacity, endpoint_state& to,
                          time_point now) {
    std::array<double, vital> values = {page.waiting, page.running, page.kv_usage};
    std::array<presence, vital> found = {page.of(signal::waiting), page.of(signal::running),
                                         page.of(signal::kv_usage)};
    if (found[2] == presence::absent && capacity > 0) {
        values[2] = std::min(1.0, page.occupied / capacity);
        found[2] = page.of(signal::occupied);
    }
    const std::array<std::atomic<double>*, vital> cells = {&to.waiting, &to.running, &to.kv_usage};
    if (restarted_ && page.any()) {
        restarted_ = false;
        expected_ = {};
        good_at_ = {};
        for (auto* c : cells) c->store(0, relaxed);
    }
    if (page.of(signal::cache_info) == presence::good ||
        page.of(signal::block_size) == presence::good) {
        to.block_size.store(page.block_size, relaxed);
    }
    if (page.of(signal::cache_info) == presence::good ||
        page.of(signal::block_count) == presence::good) {
        to.block_count.store(page.block_count, relaxed);
    }
    bool any = false;
    auto oldest = now;
    for (std::size_t i = 0; i < vital; ++i) {
        expected_[i] = expected_[i] || found[i] != presence::absent;
        if (found[i] == presence::good) {
            cells[i]->store(values[i], relaxed);
            good_at_[i] = now;
        }
        if (!expected_[i]) continue;
        any = true;
        oldest = std::min(oldest, good_at_[i]);
    }
    watch_for_frost(page, to);
    const auto updated = any ? oldest : page.any() ? now : time_point{};
    if (updated != time_point{}) to.updated_ns.store(to_ns(updated), relaxed);
}

void signal_memory::watch_for_frost(const page_values& page, const endpoint_state& from) {
    const std::array<double, vital> values = {page.waiting, page.running, page.kv_usage};
    const auto picks = from.picks.load(relaxed);
    if (values == last_) {
        ++same_;
        picks_ += picks - picks_seen_;
    } else {
        same_ = 0;
        picks_ = 0;
        last_ = values;
    }
    picks_seen_ = picks;
}

}  // namespace weir::datalayer
