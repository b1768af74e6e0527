#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "scheduling/prefix_memory.hpp"

/// The shared half of the prefix index: runs of blocks, and who holds how much of each.
///
/// A prompt is cut into windows of 16 blocks. A run holds consecutive blocks of one window: its
/// first block by its full 64-bit hash, the key under which it is found, the others by 16 bits each
/// in the same cache line. A prompt that leaves a run in its middle goes on in a run of its own,
/// keyed by its first different block; one that follows a run to its end before the window ends
/// makes that run longer. So a block lies in exactly one run, a run is never cut short while anyone
/// holds a part of it, and no run begins where another of the same prefix could still grow.
/// A prompt of one block is the commonest of short ones: its run is a `single`, half as large, that
/// never grows and keeps one holder's place in the order of use itself. What follows it is a run of
/// its own. A different block is mistaken for the one in a run with probability 2^-16; the match is
/// then one block too long.
namespace weir::scheduling::prefix {

inline constexpr std::size_t window_blocks = 16;

/// Hashes from `at` to the end of its window.
inline std::span<const std::uint64_t> window_at(std::span<const std::uint64_t> hashes,
                                                std::size_t at) {
    const auto end = std::min(hashes.size(), (at / window_blocks + 1) * window_blocks);
    return hashes.subspan(at, end - at);
}

/// Where an entry stands in its endpoint's order of use; guarded by the endpoint's lock.
struct links {
    std::uint32_t newer;
    std::uint32_t older;
    std::uint32_t tick : 31;  ///< of the index's clock at its last use
    std::uint32_t last : 1;   ///< of the shares that the prompt of its last use went through
};

/// Marks the numbers of singles among those of runs; such a number also names the entry inside.
inline constexpr std::uint32_t single_bit = 1U << 31;

/// An endpoint's share of a run: its first `blocks` blocks.
struct holder {
    std::uint32_t entry;     ///< in the endpoint's order of use
    std::uint16_t endpoint;  ///< slot
    std::uint8_t blocks;
    std::uint8_t unused;
};

struct run {
    std::uint64_t key;
    std::uint32_t more;     ///< chain of holder blocks beyond the near ones, 0: none
    std::uint16_t holders;  ///< in all
    std::uint16_t partial;  ///< holders of less than `blocks`
    std::uint8_t blocks;
    std::uint8_t unused;
    std::array<std::uint16_t, window_blocks - 1> tags;  ///< of blocks 1, 2, …
    std::array<holder, 2> near;                         ///< full before a chain begins
};

struct holder_block {
    std::uint32_t next;
    std::uint32_t count;  ///< only the first block of a chain has room left
    std::array<holder, 7> held;
};

/// A run of one block, or a free half of a unit.
struct single {
    std::uint64_t key;
    std::uint32_t more;     ///< as `run::more`; free: the next half-used unit
    std::uint16_t holders;  ///< in all; 0: this half is free
    std::uint16_t own;      ///< the endpoint that `at` belongs to, or nobody
    links at;
    std::uint32_t before;  ///< free: the half-used unit before
};

union unit {
    struct run run;
    struct holder_block more;
    std::array<single, 2> pair;
};
static_assert(sizeof(unit) == 64);

/// What `hold` did.
struct hold_result {
    std::uint32_t run = 0;     ///< 0: out of memory, nothing was done
    std::uint32_t entry = 0;   ///< of the holder
    std::uint32_t blocks = 0;  ///< of the window that lie in this run, from its start
    std::uint32_t beyond = 0;  ///< further blocks of this run that the endpoint holds
    std::uint32_t gained = 0;  ///< blocks the endpoint did not hold before
    bool fresh = false;        ///< the spare entry was used
};

/// A run as `match` shows it.
struct run_view {
    std::uint32_t id = 0;
    std::uint32_t holders = 0;
    std::uint32_t partial = 0;  ///< holders of less than `blocks`
    std::uint32_t blocks = 0;
};

struct match_result {
    std::uint32_t blocks = 0;  ///< 0: nobody holds the first one
    bool last = false;         ///< no run can follow
};

/// What `release` took away.
struct release_result {
    std::uint32_t blocks = 0;
    bool gone = false;  ///< the endpoint holds nothing of the run any more
};

/// All runs of a pool, in 64 shards by key. Any thread; each call holds one shard's lock for some
/// tens of nanoseconds.
class run_table {
  public:
    explicit run_table(std::uint32_t max_units);
    ~run_table();

    /// Makes `endpoint` a holder of the run that begins with `window[0]`, as far as the window goes
    /// along with it. Needs the endpoint's lock.
    hold_result hold(std::span<const std::uint64_t> window, std::uint16_t endpoint,
                     std::uint32_t spare_entry);

    /// Takes up to `at_most` blocks from the end of what `endpoint` holds of a run. Needs the
    /// endpoint's lock, and that it is a holder.
    release_result release(std::uint32_t id, std::uint16_t endpoint, std::uint32_t at_most);

    /// Calls `see(run, blocks)` for the run that begins with `window[0]`, if there is one, with its
    /// shard locked.
    template <class F>
    match_result match(std::span<const std::uint64_t> window, F&& see) const {
        auto& s = shard_of(window[0]);
        const std::lock_guard lock(s.lock);
        const auto id = find(s, window[0]);
        if (id == 0) return {};
        if ((id & single_bit) != 0) {
            see(run_view{id, single_of(id).holders, 0, 1}, std::uint32_t{1});
            return {1, false};
        }
        const auto& r = units_[id].run;
        const auto matched = common_blocks(r, window);
        see(run_view{id, r.holders, r.partial, r.blocks}, matched);
        return {matched, matched == r.blocks && matched < window.size()};
    }

    /// For use inside `match`.
    template <class F>
    void for_each_holder(const run_view& which, F&& f) const {
        if ((which.id & single_bit) != 0) {
            const auto& s = single_of(which.id);
            if (s.own != nobody) f(holder{which.id, s.own, 1, 0});
            return each_in_chain(s.more, f);
        }
        const auto& r = units_[which.id].run;
        const auto near = std::min<std::size_t>(r.holders, r.near.size());
        for (std::size_t i = 0; i < near; ++i) f(r.near[i]);
        each_in_chain(r.more, f);
    }

    /// The key of a run that the caller's endpoint holds.
    std::uint64_t key(std::uint32_t id) const {
        return (id & single_bit) != 0 ? single_of(id).key : units_[id].run.key;
    }

    /// The place in the order of use that a single keeps for its own holder. Needs that endpoint's
    /// lock.
    links& links_of(std::uint32_t id) { return single_of(id).at; }

    /// Hints that the place of `key` in the table, the run of that key, or run `id` is needed soon.
    void prefetch_place(std::uint64_t key) const;
    void prefetch_run(std::uint64_t key) const;
    void prefetch_id(std::uint32_t id) const { __builtin_prefetch(&units_[unit_of(id)], 1); }

    /// Units that could be taken at once.
    std::uint32_t available() const { return units_.available(); }
    std::uint32_t limit() const { return units_.limit(); }
    std::size_t bytes() const;

  private:
    static constexpr std::size_t shard_count = 64;
    using place = std::uint64_t;  ///< low 32 bits of a key above a unit; 0: empty

    /// `at` is linear probing from where the key's low half points. Hints read `at` and `count`
    /// without the lock, and take no harm when they do not fit together.
    struct alignas(64) shard {
        mutable spin_lock lock;
        std::uint32_t used = 0;
        std::uint32_t open = 0;  ///< first of the units with one free half, 0: none
        std::atomic<std::uint32_t> count{0};
        std::atomic<place*> at{nullptr};
        std::unique_ptr<place[]> owned;
        free_cache free;
    };
    /// What a shard's lock guards, read once.
    struct places {
        place* at;
        std::size_t count;

        std::size_t start(std::uint32_t low_half) const {
            return static_cast<std::size_t>(std::uint64_t{low_half} * count >> 32);
        }
        std::size_t next(std::size_t i) const { return i + 1 == count ? 0 : i + 1; }
        std::size_t distance(std::size_t from, std::size_t to) const {
            return to >= from ? to - from : to + count - from;
        }
    };

    static constexpr std::uint16_t nobody = 0xffff;

    static places places_of(const shard& s) {
        return {s.at.load(std::memory_order_relaxed), s.count.load(std::memory_order_relaxed)};
    }
    static std::uint32_t low(std::uint64_t key) { return static_cast<std::uint32_t>(key); }
    static std::uint16_t tag(std::uint64_t hash) { return static_cast<std::uint16_t>(hash >> 32); }
    static std::uint32_t common_blocks(const run& r, std::span<const std::uint64_t> window);

    static std::uint32_t unit_of(std::uint32_t id) {
        return (id & single_bit) != 0 ? (id & ~single_bit) / 2 : id;
    }
    single& single_of(std::uint32_t id) { return units_[unit_of(id)].pair[id & 1]; }
    const single& single_of(std::uint32_t id) const { return units_[unit_of(id)].pair[id & 1]; }

    template <class F>
    void each_in_chain(std::uint32_t more, F&& f) const {
        for (auto id = more; id != 0; id = units_[id].more.next) {
            const auto& block = units_[id].more;
            for (std::uint32_t i = 0; i < block.count; ++i) f(block.held[i]);
        }
    }

    shard& shard_of(std::uint64_t key) const { return shards_[key >> 58]; }
    std::uint32_t find(const shard& s, std::uint64_t key) const;
    std::uint32_t create(shard& s, std::span<const std::uint64_t> window);
    std::uint32_t create_single(shard& s, std::uint64_t key);
    hold_result hold_single(shard& s, std::uint32_t id, std::uint16_t endpoint,
                            std::uint32_t spare_entry);
    void release_single(shard& s, std::uint32_t id, std::uint16_t endpoint);
    void open_half(shard& s, std::uint32_t id);
    void close_half(shard& s, std::uint32_t id);
    void insert_place(shard& s, place entry);
    void erase_place(shard& s, std::uint64_t key, std::uint32_t id);
    static void grow(shard& s, std::size_t count);
    static void put(const places& t, place entry);
    static void extend(run& r, std::span<const std::uint64_t> window);
    holder* find_holder(run& r, std::uint16_t endpoint);
    holder* find_in_chain(std::uint32_t more, std::uint16_t endpoint);
    bool insert_holder(shard& s, run& r, const holder& h);
    bool push_to_chain(shard& s, std::uint32_t& more, const holder& h);
    void remove_holder(shard& s, run& r, holder& h);
    void take_from_chain(shard& s, std::uint32_t& more, holder& h);
    void destroy(shard& s, std::uint32_t id);

    mutable slab<unit> units_;
    const std::unique_ptr<shard[]> shards_;
};

}  // namespace weir::scheduling::prefix
