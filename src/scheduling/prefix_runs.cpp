#include "scheduling/prefix_runs.hpp"

#include <cassert>

namespace weir::scheduling::prefix {

run_table::run_table(std::uint32_t max_units)
    : units_(max_units), shards_(std::make_unique<shard[]>(shard_count)) {
    for (std::size_t i = 0; i < shard_count; ++i) grow(shards_[i], 16);
}

run_table::~run_table() = default;

hold_result run_table::hold(std::span<const std::uint64_t> window, std::uint16_t endpoint,
                            std::uint32_t spare_entry) {
    auto& s = shard_of(window[0]);
    const std::lock_guard lock(s.lock);
    auto id = find(s, window[0]);
    const bool created = id == 0;
    if (created) id = create(s, window);
    if (id == 0) return {};
    auto& r = units_[id].run;
    auto blocks = common_blocks(r, window);
    if (blocks == r.blocks && blocks < window.size()) {
        extend(r, window);
        blocks = r.blocks;
    }
    if (auto* held = created ? nullptr : find_holder(r, endpoint)) {
        const auto before = held->blocks;
        if (blocks <= before) return {id, held->entry, blocks, before - blocks, 0, false};
        held->blocks = static_cast<std::uint8_t>(blocks);
        if (blocks == r.blocks) --r.partial;
        return {id, held->entry, blocks, 0, blocks - before, false};
    }
    if (!insert_holder(s, r, {spare_entry, endpoint, static_cast<std::uint8_t>(blocks), 0})) {
        return {};
    }
    if (blocks < r.blocks) ++r.partial;
    return {id, spare_entry, blocks, 0, blocks, true};
}

release_result run_table::release(std::uint32_t id, std::uint16_t endpoint, std::uint32_t at_most) {
    auto& r = units_[id].run;
    auto& s = shard_of(r.key);
    const std::lock_guard lock(s.lock);
    auto* held = find_holder(r, endpoint);
    assert(held != nullptr);
    const bool was_partial = held->blocks < r.blocks;
    if (at_most < held->blocks) {
        held->blocks = static_cast<std::uint8_t>(held->blocks - at_most);
        if (!was_partial) ++r.partial;
        return {at_most, false};
    }
    const std::uint32_t blocks = held->blocks;
    remove_holder(s, r, *held);
    if (was_partial) --r.partial;
    if (r.holders == 0) destroy(s, id);
    return {blocks, true};
}

std::uint32_t run_table::common_blocks(const run& r, std::span<const std::uint64_t> window) {
    const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(r.blocks, window.size()));
    std::uint32_t i = 1;
    while (i < end && r.tags[i - 1] == tag(window[i])) ++i;
    return i;
}

std::uint32_t run_table::find(const shard& s, std::uint64_t key) const {
    const auto table = places_of(s);
    for (std::size_t i = low(key) & table.mask;; i = (i + 1) & table.mask) {
        const auto entry = table.at[i];
        if (entry == 0) return 0;
        if (entry >> 32 == low(key) && units_[low(entry)].run.key == key) return low(entry);
    }
}

std::uint32_t run_table::create(shard& s, std::span<const std::uint64_t> window) {
    const auto id = units_.take(s.free);
    if (id == 0) return 0;
    auto& r = units_[id].run;
    r.key = window[0];
    r.more = 0;
    r.holders = 0;
    r.partial = 0;
    r.blocks = 1;
    extend(r, window);
    insert_place(s, (window[0] << 32) | id);
    return id;
}

void run_table::extend(run& r, std::span<const std::uint64_t> window) {
    for (std::size_t i = r.blocks; i < window.size(); ++i) r.tags[i - 1] = tag(window[i]);
    r.blocks = static_cast<std::uint8_t>(window.size());
    r.partial = r.holders;
}

void run_table::put(const places& t, place entry) {
    auto i = (entry >> 32) & t.mask;
    while (t.at[i] != 0) i = (i + 1) & t.mask;
    t.at[i] = entry;
}

void run_table::insert_place(shard& s, place entry) {
    const auto count = places_of(s).mask + 1;
    if ((std::size_t{s.used} + 1) * 4 > count * 3) grow(s, count * 2);
    put(places_of(s), entry);
    ++s.used;
}

void run_table::erase_place(shard& s, std::uint64_t key, std::uint32_t id) {
    const auto table = places_of(s);
    auto hole = low(key) & table.mask;
    while (low(table.at[hole]) != id) hole = (hole + 1) & table.mask;
    // Entries behind the hole move up as long as that does not put them before their own place.
    for (auto i = (hole + 1) & table.mask; table.at[i] != 0; i = (i + 1) & table.mask) {
        const auto wanted = (table.at[i] >> 32) & table.mask;
        if (((i - wanted) & table.mask) >= ((i - hole) & table.mask)) {
            table.at[hole] = table.at[i];
            hole = i;
        }
    }
    table.at[hole] = 0;
    --s.used;
}

void run_table::grow(shard& s, std::size_t count) {
    auto bigger = std::make_unique<place[]>(count);
    const places to{bigger.get(), count - 1};
    if (s.owned) {
        const auto from = places_of(s);
        for (std::size_t i = 0; i <= from.mask; ++i) {
            if (from.at[i] != 0) put(to, from.at[i]);
        }
    }
    s.at.store(to.at, std::memory_order_relaxed);
    s.mask.store(static_cast<std::uint32_t>(to.mask), std::memory_order_relaxed);
    s.owned = std::move(bigger);
}

holder* run_table::find_holder(run& r, std::uint16_t endpoint) {
    const auto near = std::min<std::size_t>(r.holders, r.near.size());
    for (std::size_t i = 0; i < near; ++i) {
        if (r.near[i].endpoint == endpoint) return &r.near[i];
    }
    for (auto id = r.more; id != 0; id = units_[id].more.next) {
        auto& block = units_[id].more;
        for (std::uint32_t i = 0; i < block.count; ++i) {
            if (block.held[i].endpoint == endpoint) return &block.held[i];
        }
    }
    return nullptr;
}

bool run_table::insert_holder(shard& s, run& r, const holder& h) {
    if (r.holders < r.near.size()) {
        r.near[r.holders++] = h;
        return true;
    }
    if (r.more == 0 || units_[r.more].more.count == units_[r.more].more.held.size()) {
        const auto id = units_.take(s.free);
        if (id == 0) return false;
        units_[id].more.next = r.more;
        units_[id].more.count = 0;
        r.more = id;
    }
    auto& block = units_[r.more].more;
    block.held[block.count++] = h;
    ++r.holders;
    return true;
}

void run_table::remove_holder(shard& s, run& r, holder& h) {
    --r.holders;
    if (r.more == 0) {
        h = r.near[r.holders];
        return;
    }
    const auto id = r.more;
    auto& block = units_[id].more;
    h = block.held[--block.count];
    if (block.count == 0) {
        r.more = block.next;
        units_.give(s.free, id);
    }
}

void run_table::destroy(shard& s, std::uint32_t id) {
    erase_place(s, units_[id].run.key, id);
    units_.give(s.free, id);
}

void run_table::prefetch_place(std::uint64_t key) const {
    const auto table = places_of(shard_of(key));
    __builtin_prefetch(table.at + (low(key) & table.mask), 1);
}

void run_table::prefetch_run(std::uint64_t key) const {
    const auto& s = shard_of(key);
    if (!s.lock.try_lock()) return;
    const auto table = places_of(s);
    auto i = low(key) & table.mask;
    while (table.at[i] != 0 && table.at[i] >> 32 != low(key)) i = (i + 1) & table.mask;
    const auto id = low(table.at[i]);
    s.lock.unlock();
    if (id != 0) prefetch_id(id);
}

std::size_t run_table::bytes() const {
    std::size_t sum = units_.bytes() + shard_count * sizeof(shard);
    for (std::size_t i = 0; i < shard_count; ++i) {
        const std::lock_guard lock(shards_[i].lock);
        sum += (places_of(shards_[i]).mask + 1) * sizeof(place);
    }
    return sum;
}

}  // namespace weir::scheduling::prefix
