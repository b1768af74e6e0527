#include "scheduling/prefix_runs.hpp"

#include <algorithm>
#include <cassert>

namespace weir::scheduling::prefix {

run_table::run_table(std::uint32_t max_units)
    : units_(max_units), shards_(std::make_unique<shard[]>(shard_count)) {
    // Room for some 12,000 runs, or all there may be: what grows while it is small grows often.
    const auto room = std::clamp<std::size_t>(max_units / shard_count * 3 / 2, 16, 256);
    for (std::size_t i = 0; i < shard_count; ++i) grow(shards_[i], room);
}

run_table::~run_table() = default;

hold_result run_table::hold(std::span<const std::uint64_t> window, std::uint16_t endpoint,
                            std::uint32_t spare_entry) {
    auto& s = shard_of(window[0]);
    const std::lock_guard lock(s.lock);
    auto id = find(s, window[0]);
    const bool created = id == 0;
    if (created) id = window.size() == 1 ? create_single(s, window[0]) : create(s, window);
    if (id == 0) return {};
    if ((id & single_bit) != 0) return hold_single(s, id, endpoint, spare_entry);
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
    auto& s = shard_of(key(id));
    const std::lock_guard lock(s.lock);
    if ((id & single_bit) != 0) {
        release_single(s, id, endpoint);
        return {1, true};
    }
    auto& r = units_[id].run;
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
    for (auto i = table.start(low(key));; i = table.next(i)) {
        const auto entry = table.at[i];
        if (entry == 0) return 0;
        if (entry >> 32 == low(key) && this->key(low(entry)) == key) return low(entry);
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

// --- singles

std::uint32_t run_table::create_single(shard& s, std::uint64_t key) {
    auto id = s.open;
    if (id != 0) {
        id = id * 2 + (units_[id].pair[0].holders == 0 ? 0 : 1);
        close_half(s, id | single_bit);
    } else {
        id = units_.take(s.free) * 2;
        if (id == 0) return 0;
        open_half(s, (id + 1) | single_bit);
    }
    id |= single_bit;
    single_of(id) = {key, 0, 0, nobody, {}, 0};
    insert_place(s, (key << 32) | id);
    return id;
}

hold_result run_table::hold_single(shard& s, std::uint32_t id, std::uint16_t endpoint,
                                   std::uint32_t spare_entry) {
    auto& r = single_of(id);
    if (r.own == endpoint) return {id, id, 1, 0, 0, false};
    if (const auto* held = find_in_chain(r.more, endpoint))
        return {id, held->entry, 1, 0, 0, false};
    if (r.own == nobody) {
        r.own = endpoint;
        r.at = {};
        ++r.holders;
        return {id, id, 1, 0, 1, false};
    }
    if (!push_to_chain(s, r.more, {spare_entry, endpoint, 1, 0})) return {};
    ++r.holders;
    return {id, spare_entry, 1, 0, 1, true};
}

void run_table::release_single(shard& s, std::uint32_t id, std::uint16_t endpoint) {
    auto& r = single_of(id);
    if (r.own == endpoint) {
        r.own = nobody;
    } else {
        auto* held = find_in_chain(r.more, endpoint);
        assert(held != nullptr);
        take_from_chain(s, r.more, *held);
    }
    if (--r.holders != 0) return;
    erase_place(s, r.key, id);
    if (single_of(id ^ 1).holders != 0) return open_half(s, id);
    close_half(s, id ^ 1);
    units_.give(s.free, unit_of(id));
}

/// Puts a half that is free now at the front of the shard's list.
void run_table::open_half(shard& s, std::uint32_t id) {
    auto& half = single_of(id);
    half = {0, s.open, 0, nobody, {}, 0};
    if (s.open != 0) {
        auto& next = units_[s.open].pair;
        (next[0].holders == 0 ? next[0] : next[1]).before = unit_of(id);
    }
    s.open = unit_of(id);
}

/// Takes a free half out of the shard's list.
void run_table::close_half(shard& s, std::uint32_t id) {
    const auto& half = single_of(id);
    const auto free_half = [this](std::uint32_t unit) -> single& {
        auto& pair = units_[unit].pair;
        return pair[0].holders == 0 ? pair[0] : pair[1];
    };
    (half.before != 0 ? free_half(half.before).more : s.open) = half.more;
    if (half.more != 0) free_half(half.more).before = half.before;
}

void run_table::extend(run& r, std::span<const std::uint64_t> window) {
    for (std::size_t i = r.blocks; i < window.size(); ++i) r.tags[i - 1] = tag(window[i]);
    r.blocks = static_cast<std::uint8_t>(window.size());
    r.partial = r.holders;
}

void run_table::put(const places& t, place entry) {
    auto i = t.start(low(entry >> 32));
    while (t.at[i] != 0) i = t.next(i);
    t.at[i] = entry;
}

void run_table::insert_place(shard& s, place entry) {
    // In small steps: places are a good part of what a single costs.
    const auto count = places_of(s).count;
    if ((std::size_t{s.used} + 1) * 4 > count * 3) grow(s, count + count * 3 / 8);
    put(places_of(s), entry);
    ++s.used;
}

void run_table::erase_place(shard& s, std::uint64_t key, std::uint32_t id) {
    const auto table = places_of(s);
    auto hole = table.start(low(key));
    while (low(table.at[hole]) != id) hole = table.next(hole);
    // Entries behind the hole move up as long as that does not put them before their own place.
    for (auto i = table.next(hole); table.at[i] != 0; i = table.next(i)) {
        const auto wanted = table.start(low(table.at[i] >> 32));
        if (table.distance(wanted, i) >= table.distance(hole, i)) {
            table.at[hole] = table.at[i];
            hole = i;
        }
    }
    table.at[hole] = 0;
    --s.used;
}

void run_table::grow(shard& s, std::size_t count) {
    auto bigger = std::make_unique<place[]>(count);
    const places to{bigger.get(), count};
    if (s.owned) {
        const auto from = places_of(s);
        for (std::size_t i = 0; i < from.count; ++i) {
            if (from.at[i] != 0) put(to, from.at[i]);
        }
    }
    s.at.store(to.at, std::memory_order_relaxed);
    s.count.store(static_cast<std::uint32_t>(to.count), std::memory_order_relaxed);
    s.owned = std::move(bigger);
}

holder* run_table::find_holder(run& r, std::uint16_t endpoint) {
    const auto near = std::min<std::size_t>(r.holders, r.near.size());
    for (std::size_t i = 0; i < near; ++i) {
        if (r.near[i].endpoint == endpoint) return &r.near[i];
    }
    return find_in_chain(r.more, endpoint);
}

holder* run_table::find_in_chain(std::uint32_t more, std::uint16_t endpoint) {
    for (auto id = more; id != 0; id = units_[id].more.next) {
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
    if (!push_to_chain(s, r.more, h)) return false;
    ++r.holders;
    return true;
}

bool run_table::push_to_chain(shard& s, std::uint32_t& more, const holder& h) {
    if (more == 0 || units_[more].more.count == units_[more].more.held.size()) {
        const auto id = units_.take(s.free);
        if (id == 0) return false;
        units_[id].more.next = more;
        units_[id].more.count = 0;
        more = id;
    }
    auto& block = units_[more].more;
    block.held[block.count++] = h;
    return true;
}

void run_table::remove_holder(shard& s, run& r, holder& h) {
    --r.holders;
    if (r.more == 0) {
        h = r.near[r.holders];
    } else {
        take_from_chain(s, r.more, h);
    }
}

/// The last of the chain takes the place of `h`.
void run_table::take_from_chain(shard& s, std::uint32_t& more, holder& h) {
    const auto id = more;
    auto& block = units_[id].more;
    h = block.held[--block.count];
    if (block.count != 0) return;
    more = block.next;
    units_.give(s.free, id);
}

void run_table::destroy(shard& s, std::uint32_t id) {
    erase_place(s, units_[id].run.key, id);
    units_.give(s.free, id);
}

void run_table::prefetch_place(std::uint64_t key) const {
    const auto table = places_of(shard_of(key));
    __builtin_prefetch(table.at + table.start(low(key)), 1);
}

void run_table::prefetch_run(std::uint64_t key) const {
    const auto& s = shard_of(key);
    if (!s.lock.try_lock()) return;
    const auto table = places_of(s);
    auto i = table.start(low(key));
    while (table.at[i] != 0 && table.at[i] >> 32 != low(key)) i = table.next(i);
    const auto id = low(table.at[i]);
    s.lock.unlock();
    if (id != 0) prefetch_id(id);
}

std::size_t run_table::bytes() const {
    std::size_t sum = units_.bytes() + shard_count * sizeof(shard);
    for (std::size_t i = 0; i < shard_count; ++i) {
        const std::lock_guard lock(shards_[i].lock);
        sum += places_of(shards_[i]).count * sizeof(place);
    }
    return sum;
}

}  // namespace weir::scheduling::prefix
