#include "scheduling/prefix_index.hpp"

#include <algorithm>

namespace weir::scheduling {

using prefix::window_at;
using prefix::window_blocks;

/// What the index knows of one endpoint. `lock` guards what is not atomic.
struct alignas(64) prefix_index::record {
    prefix::spin_lock lock;
    endpoint_slot slot = 0;
    std::atomic<std::uint64_t> key{0};  ///< changes with the registry and this record locked
    std::uint32_t newest = 0;
    std::uint32_t oldest = 0;
    std::uint32_t adds = 0;
    std::atomic<std::uint32_t> oldest_tick{0};
    std::atomic<std::uint32_t> blocks{0};
    std::atomic<bool> removed{false};
    bool missed = false;  ///< by the last sweep; guarded by the registry's lock
    prefix::free_cache free;
};

namespace {

// Bytes an endless mix of prompts may need a unit: itself, two places (of two singles) in a table
// that has just grown, one and a half holders' entries, and lists of what is free.
constexpr std::size_t bytes_a_unit = sizeof(prefix::unit) + 30 + 24 + 10;
constexpr std::size_t fixed_bytes = 64 * 1024;  // empty shards

constexpr std::uint32_t prefetch_places = 12;  ///< windows ahead
constexpr std::uint32_t prefetch_runs = 6;
constexpr std::uint32_t forget_ahead = 16;  ///< entries
constexpr std::uint32_t tick_mask = 0x7fffffff;

std::uint32_t units_for(std::size_t bytes) {
    const auto units = bytes > fixed_bytes ? (bytes - fixed_bytes) / bytes_a_unit : 0;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(units, 64, std::size_t{1} << 28));
}

/// Brings the windows after `at` on their way from memory.
void look_ahead(const prefix::run_table& runs, std::span<const std::uint64_t> hashes,
                std::size_t at) {
    if (const auto i = at + prefetch_places * window_blocks; i < hashes.size()) {
        runs.prefetch_place(hashes[i]);
    }
    if (const auto i = at + prefetch_runs * window_blocks; i < hashes.size()) {
        runs.prefetch_run(hashes[i]);
    }
}

void begin_looking_ahead(const prefix::run_table& runs, std::span<const std::uint64_t> hashes) {
    const auto end = std::min<std::size_t>(hashes.size(), prefetch_places * window_blocks);
    for (std::size_t i = window_blocks; i < end; i += window_blocks) {
        runs.prefetch_place(hashes[i]);
    }
    const auto runs_end = std::min<std::size_t>(hashes.size(), prefetch_runs * window_blocks);
    for (std::size_t i = window_blocks; i < runs_end; i += window_blocks) {
        runs.prefetch_run(hashes[i]);
    }
}

}  // namespace

// --- scratch

void prefix_scratch::reset() {
    for (const auto slot : hits_) blocks_[slot] = 0;
    hits_.clear();
}

void prefix_scratch::credit(endpoint_slot slot, std::uint32_t blocks) {
    if (blocks == 0) return;
    if (slot >= blocks_.size()) blocks_.resize(std::size_t{slot} + 64);
    if (blocks_[slot] == 0) hits_.push_back(slot);
    blocks_[slot] += blocks;
}

// --- endpoints

prefix_index::prefix_index(std::size_t max_bytes)
    : runs_(units_for(max_bytes)), entries_(units_for(max_bytes) + units_for(max_bytes) / 2) {}

prefix_index::~prefix_index() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

prefix_index::record* prefix_index::record_of(endpoint_slot slot) const {
    auto* chunk = chunks_[slot / chunk_size].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &chunk[slot % chunk_size];
}

std::uint64_t prefix_index::key_of(endpoint_slot slot) const {
    if (slot >= chunk_size * max_chunks) return 0;
    const auto* r = record_of(slot);
    return r == nullptr ? 0 : r->key.load(std::memory_order_relaxed);
}

endpoint_slot prefix_index::acquire(std::uint64_t key) {
    const std::lock_guard lock(registry_);
    if (const auto known = by_key_.find(key); known != by_key_.end()) {
        auto& r = *record_of(known->second);
        r.missed = false;
        if (r.removed.load(std::memory_order_relaxed)) {
            r.removed.store(false, std::memory_order_relaxed);
            std::erase(removed_, known->second);
            removed_count_.store(static_cast<std::uint32_t>(removed_.size()),
                                 std::memory_order_relaxed);
        }
        return known->second;
    }
    endpoint_slot slot = no_endpoint_slot;
    if (!free_slots_.empty()) {
        slot = free_slots_.back();
        free_slots_.pop_back();
    } else {
        const auto next = slots_.load(std::memory_order_relaxed);
        if (next == chunk_size * max_chunks) return no_endpoint_slot;
        slot = static_cast<endpoint_slot>(next);
        auto& chunk = chunks_[slot / chunk_size];
        if (chunk.load(std::memory_order_relaxed) == nullptr) {
            chunk.store(new record[chunk_size], std::memory_order_release);
        }
        slots_.store(next + 1, std::memory_order_release);
    }
    auto& r = *record_of(slot);
    const std::lock_guard record_lock(r.lock);
    r.slot = slot;
    r.missed = false;
    r.key.store(key, std::memory_order_relaxed);
    by_key_.emplace(key, slot);
    return slot;
}

void prefix_index::remove(std::uint64_t key) {
    const std::lock_guard lock(registry_);
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return;
    auto& r = *record_of(known->second);
    if (r.removed.exchange(true, std::memory_order_relaxed)) return;
    removed_.push_back(known->second);
    removed_count_.store(static_cast<std::uint32_t>(removed_.size()), std::memory_order_relaxed);
}

void prefix_index::sweep(std::span<const std::uint64_t> keys) {
    std::vector<std::uint64_t> gone;
    {
        const std::lock_guard lock(registry_);
        std::vector<bool> present(slots_.load(std::memory_order_relaxed));
        for (const auto key : keys) {
            const auto known = by_key_.find(key);
            if (known != by_key_.end()) present[known->second] = true;
        }
        for (const auto& [key, slot] : by_key_) {
            auto& r = *record_of(slot);
            if (!present[slot] && r.missed) gone.push_back(key);
            r.missed = !present[slot];
        }
    }
    for (const auto key : gone) remove(key);
}

void prefix_index::clear_removed() {
    if (removed_count_.load(std::memory_order_relaxed) == 0) return;
    const std::unique_lock lock(registry_, std::try_to_lock);
    if (!lock || removed_.empty()) return;
    const auto slot = removed_.back();
    auto& r = *record_of(slot);
    const std::lock_guard record_lock(r.lock);
    forget(r, 0, 64);
    if (r.oldest != 0) return;
    entries_.flush(r.free);
    by_key_.erase(r.key.load(std::memory_order_relaxed));
    r.key.store(0, std::memory_order_relaxed);
    r.removed.store(false, std::memory_order_relaxed);
    removed_.pop_back();
    removed_count_.store(static_cast<std::uint32_t>(removed_.size()), std::memory_order_relaxed);
    free_slots_.push_back(slot);
}

// --- match

void prefix_index::match(std::span<const std::uint64_t> hashes, prefix_scratch& scratch) const {
    auto& alive = scratch.alive_;  // endpoints that hold everything up to `at`
    alive.clear();
    std::size_t at = 0;
    std::size_t credited = 0;  // blocks that every one of `alive` has been given
    const auto settle = [&] {
        const auto owed = static_cast<std::uint32_t>(at - credited);
        for (const auto slot : alive) scratch.credit(slot, owed);
        credited = at;
    };
    const auto see = [&](const prefix::run_view& run, std::uint32_t blocks) {
        // Holders are a subset of `alive`; as many of them means the same ones.
        if (at != 0 && run.holders == alive.size() && run.partial == 0) return;
        if (at != credited) settle();
        alive.clear();
        runs_.for_each_holder(run, [&](const prefix::holder& h) {
            scratch.credit(h.endpoint, std::min<std::uint32_t>(h.blocks, blocks));
            if (h.blocks >= blocks) alive.push_back(h.endpoint);
        });
        credited = at + blocks;
    };
    while (at < hashes.size()) {
        const auto found = runs_.match(window_at(hashes, at), see);
        if (found.blocks == 0) break;
        if (at == 0) begin_looking_ahead(runs_, hashes);
        if (at % window_blocks == 0) look_ahead(runs_, hashes, at);
        at += found.blocks;
        if (found.last || alive.empty()) break;
    }
    if (at > credited) settle();
}

// --- add

bool prefix_index::add(endpoint_slot slot, std::uint64_t key, std::span<const std::uint64_t> hashes,
                       std::size_t capacity, prefix_scratch& scratch, forgetting manner) {
    hashes = hashes.first(std::min(hashes.size(), capacity));
    make_room(hashes.size());
    clear_removed();
    auto& r = *record_of(slot);
    const std::lock_guard lock(r.lock);
    if (r.key.load(std::memory_order_relaxed) != key) return false;
    const auto gained = walk(r, hashes, scratch);
    // The clock is shared by all endpoints: read it always, move it seldom.
    if (++r.adds % 8 == 0) clock_.fetch_add(1, std::memory_order_relaxed);
    const auto tick = clock_.load(std::memory_order_relaxed);
    for (auto i = scratch.path_.size(); i-- > 0;)
        touch(r, scratch.path_[i].entry, tick, i + 1 == scratch.path_.size());
    const auto held = r.blocks.load(std::memory_order_relaxed) + gained;
    r.blocks.store(held, std::memory_order_relaxed);
    if (held > capacity) {
        const auto last = scratch.path_.empty() ? 0 : scratch.path_.back().entry;
        forget(r, capacity, 256 + static_cast<std::uint32_t>(hashes.size()), last);
        if (manner == forgetting::prompts) forget_rest_of_prompt(r, last);
        if (r.oldest == last) forget_beyond(r, capacity, scratch);
    }
    if (r.oldest != 0) r.oldest_tick.store(links_of(r.oldest).tick, std::memory_order_relaxed);
    return true;
}

/// Makes the endpoint a holder of the chain, front first; the entries of its shares go to the path.
/// Stops early when memory is out. Returns the blocks it did not hold before.
std::uint32_t prefix_index::walk(record& r, std::span<const std::uint64_t> hashes,
                                 prefix_scratch& scratch) {
    scratch.path_.clear();
    begin_looking_ahead(runs_, hashes);
    std::uint32_t gained = 0;
    std::uint32_t spare = 0;
    for (std::size_t at = 0; at < hashes.size();) {
        if (at % window_blocks == 0) look_ahead(runs_, hashes, at);
        if (spare == 0) spare = entries_.take(r.free);
        if (spare == 0) break;
        const auto held = runs_.hold(window_at(hashes, at), r.slot, spare);
        if (held.run == 0) break;
        if (held.fresh) {
            entries_[spare] = {held.run, {}};
            spare = 0;
        }
        scratch.path_.push_back({held.entry, held.beyond});
        gained += held.gained;
        at += held.blocks;
    }
    if (spare != 0) entries_.give(r.free, spare);
    return gained;
}

/// Entries are those of the slab and those inside of singles.
prefix::links& prefix_index::links_of(std::uint32_t id) {
    return (id & prefix::single_bit) != 0 ? runs_.links_of(id) : entries_[id].at;
}

std::uint32_t prefix_index::run_of(std::uint32_t id) const {
    return (id & prefix::single_bit) != 0 ? id : entries_[id].run;
}

/// Moves an entry, linked or fresh, to the newest end.
void prefix_index::touch(record& r, std::uint32_t id, std::uint32_t tick, bool last) {
    auto& e = links_of(id);
    e.tick = tick & tick_mask;
    e.last = last ? 1 : 0;
    if (r.newest == id) return;
    if (e.newer != 0) unlink(r, id);
    e.newer = 0;
    e.older = r.newest;
    if (r.newest != 0) {
        links_of(r.newest).newer = id;
    } else {
        r.oldest = id;
    }
    r.newest = id;
}

void prefix_index::unlink(record& r, std::uint32_t id) {
    const auto& e = links_of(id);
    (e.newer != 0 ? links_of(e.newer).older : r.newest) = e.older;
    (e.older != 0 ? links_of(e.older).newer : r.oldest) = e.newer;
}

// --- forgetting

/// Fills `out` with the endpoint's oldest shares before `stop`, on their way from memory; `of_cut`:
/// only as far as they belong to a prompt that has lost its end.
std::size_t prefix_index::oldest_shares(record& r, std::span<std::uint32_t> out, std::uint32_t stop,
                                        bool of_cut) {
    std::size_t n = 0;
    for (auto id = r.oldest; id != stop && id != 0 && n < out.size(); id = links_of(id).newer) {
        if (of_cut && links_of(id).last != 0) break;
        runs_.prefetch_id(run_of(id));
        out[n++] = id;
    }
    return n;
}

/// Takes the endpoint's oldest shares away until it holds no more than `until` blocks,
/// `max_entries` are gone, or the entry `stop` is the oldest.
void prefix_index::forget(record& r, std::size_t until, std::uint32_t max_entries,
                          std::uint32_t stop) {
    while (max_entries != 0 && r.oldest != stop) {
        const std::size_t held = r.blocks.load(std::memory_order_relaxed);
        if (held <= until) break;
        const auto wanted = std::min<std::size_t>(
            {forget_ahead, max_entries, (held - until + window_blocks - 1) / window_blocks});
        std::array<std::uint32_t, forget_ahead> batch;
        const auto n = oldest_shares(r, std::span(batch).first(wanted), stop, false);
        forget_batch(r, until, std::span(batch).first(n));
        max_entries -= static_cast<std::uint32_t>(n);
    }
    if (r.oldest != 0) r.oldest_tick.store(links_of(r.oldest).tick, std::memory_order_relaxed);
}

/// A prompt that lost its end loses the rest. Its shares stand together in the order of use, the
/// last one first; what a later prompt went through too has moved on.
void prefix_index::forget_rest_of_prompt(record& r, std::uint32_t stop) {
    std::array<std::uint32_t, forget_ahead> batch;
    while (const auto n = oldest_shares(r, batch, stop, true)) {
        forget_batch(r, 0, std::span(batch).first(n));
    }
    if (r.oldest != 0) r.oldest_tick.store(links_of(r.oldest).tick, std::memory_order_relaxed);
}

/// Only the runs of the prompt just added are left, and they hold older blocks of other prompts.
void prefix_index::forget_beyond(record& r, std::size_t until, const prefix_scratch& scratch) {
    for (const auto& step : scratch.path_) {
        const auto held = r.blocks.load(std::memory_order_relaxed);
        if (held <= until) return;
        const auto excess = std::min(step.beyond, static_cast<std::uint32_t>(held - until));
        if (excess == 0) continue;
        const auto taken = runs_.release(run_of(step.entry), r.slot, excess);
        r.blocks.store(held - taken.blocks, std::memory_order_relaxed);
    }
}

void prefix_index::forget_batch(record& r, std::size_t until,
                                std::span<const std::uint32_t> batch) {
    if (batch.size() > 1) {
        for (const auto id : batch) runs_.prefetch_place(runs_.key(run_of(id)));
    }
    for (const auto id : batch) {
        const auto held = r.blocks.load(std::memory_order_relaxed);
        if (held <= until) return;
        const bool inside = (id & prefix::single_bit) != 0;
        if (inside) unlink(r, id);  // the entry goes with the run
        const auto taken =
            runs_.release(run_of(id), r.slot, static_cast<std::uint32_t>(held - until));
        r.blocks.store(held - taken.blocks, std::memory_order_relaxed);
        if (!taken.gone) {
            links_of(id).last = 0;
            return;
        }
        if (inside) continue;
        unlink(r, id);
        entries_.give(r.free, id);
    }
}

bool prefix_index::short_of(std::uint32_t units) const {
    return runs_.available() < units || entries_.available() < units;
}

/// Lets the endpoints with the oldest use forget until there is memory for so many blocks.
void prefix_index::make_room(std::size_t blocks) {
    const auto reserve = std::min(runs_.limit() / 16, 4096U);  // what caches take in one go
    const auto units = static_cast<std::uint32_t>(blocks / window_blocks + 8) + reserve;
    for (std::uint32_t rounds = 2 + (units - reserve) / 32; short_of(units) && rounds != 0;
         --rounds) {
        auto* r = oldest();
        if (r == nullptr) return;
        const std::lock_guard lock(r->lock);
        forget(*r, 0, 64);
    }
}

prefix_index::record* prefix_index::oldest() const {
    const auto now = clock_.load(std::memory_order_relaxed);
    const auto slots = slots_.load(std::memory_order_acquire);
    record* found = nullptr;
    std::uint32_t found_age = 0;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        auto* r = record_of(static_cast<endpoint_slot>(slot));
        if (r->blocks.load(std::memory_order_relaxed) == 0) continue;
        if (r->removed.load(std::memory_order_relaxed)) return r;
        const auto age = (now - r->oldest_tick.load(std::memory_order_relaxed)) & tick_mask;
        if (found == nullptr || age > found_age) {
            found = r;
            found_age = age;
        }
    }
    return found;
}

// --- figures

std::size_t prefix_index::blocks() const {
    std::size_t sum = 0;
    for (std::uint32_t slot = 0; slot < slots_.load(std::memory_order_acquire); ++slot) {
        const auto* r = record_of(static_cast<endpoint_slot>(slot));
        if (!r->removed.load(std::memory_order_relaxed)) {
            sum += r->blocks.load(std::memory_order_relaxed);
        }
    }
    return sum;
}

std::size_t prefix_index::blocks_of(std::uint64_t key) const {
    const std::lock_guard lock(registry_);
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return 0;
    return record_of(known->second)->blocks.load(std::memory_order_relaxed);
}

std::size_t prefix_index::bytes() const {
    const auto chunks =
        (slots_.load(std::memory_order_acquire) + chunk_size - 1) / chunk_size * chunk_size;
    return runs_.bytes() + entries_.bytes() + chunks * sizeof(record);
}

}  // namespace weir::scheduling
