#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "scheduling/prefix_runs.hpp"

namespace weir::scheduling {

/// An endpoint's place in a prefix index; reused some time after the endpoint was removed.
using endpoint_slot = std::uint16_t;
inline constexpr endpoint_slot no_endpoint_slot = 0xffff;

/// One worker's memory for calls to a `prefix_index`, and what they found.
class prefix_scratch {
  public:
    /// Forgets earlier matches.
    void reset();
    /// Endpoints that hold a part of what was matched since `reset`, in no order.
    std::span<const endpoint_slot> hits() const { return hits_; }
    /// Matched blocks of a slot that is among `hits`.
    std::uint32_t blocks(endpoint_slot slot) const { return blocks_[slot]; }

  private:
    friend class prefix_index;
    void credit(endpoint_slot slot, std::uint32_t blocks);

    /// A share of a run that an added prompt goes through.
    struct step {
        std::uint32_t entry;
        std::uint32_t beyond;  ///< blocks held there that are not of this prompt
    };

    std::vector<std::uint32_t> blocks_;  ///< by slot
    std::vector<endpoint_slot> hits_;
    std::vector<endpoint_slot> alive_;
    std::vector<step> path_;
};

/// Which endpoint was sent which prompt prefixes, as far as it is believed to remember them. One
/// for a pool, shared by all workers.
///
/// Prompts are chains of block hashes (`hash_prompt`). Invariants:
/// - What an endpoint holds is closed under prefixes: with a block it holds all blocks before it.
///   Adding begins at the front, forgetting at the back of the prefix used longest ago; it takes as
///   much as is needed, or the whole of it (`forgetting`).
/// - An endpoint never holds more blocks than the capacity of its last `add`.
/// - The order of use of an endpoint is one list over its shares of runs; a share is used whenever
///   a prompt that goes through it is added, the front of a prompt after its back.
/// - A run exists as long as somebody holds a part of it (`prefix_runs.hpp` has its shape).
///
/// Threads: an endpoint's list has its lock, held while its prompt is added; a run is guarded by
/// the lock of its shard, for some tens of nanoseconds. Lock order: registry, endpoint, shard. Two
/// endpoints are never locked at once. `match` takes shard locks alone.
///
/// Memory: the bytes given at construction bound everything that grows. When they are used up, the
/// endpoint with the oldest use forgets first. A run of 2 to 16 blocks takes 64 bytes, 11 to 15
/// bytes of table and 16 bytes a holder; one of a single block 32 bytes, its first holder included,
/// and as much table: 6 bytes a block-holder for long prompts, 24 for prompts of 4 blocks, up to 47
/// for single blocks (bench/micro/prefix_bench.cpp).
class prefix_index {
  public:
    /// What an endpoint beyond its capacity forgets of the prompt used longest ago. An engine loses
    /// its end, `blocks`. In the endpoint picker's list of blocks a prompt's front is older than
    /// its end, and goes first; nothing behind it is found any more, so the prompt is gone as a
    /// whole: `prompts` (what later prompts used too stays, of both).
    enum class forgetting : std::uint8_t { blocks, prompts };

    static constexpr std::size_t default_max_bytes = std::size_t{256} << 20;

    explicit prefix_index(std::size_t max_bytes = default_max_bytes);
    ~prefix_index();
    prefix_index(const prefix_index&) = delete;
    prefix_index& operator=(const prefix_index&) = delete;

    /// The slot of the endpoint with that (non-zero) key, a new one if it has none. Takes the
    /// registry's lock: keep the answer. `no_endpoint_slot` when 16,384 endpoints are known.
    endpoint_slot acquire(std::uint64_t key);
    /// The endpoint a slot belongs to; 0 when it belongs to none.
    std::uint64_t key_of(endpoint_slot slot) const;
    /// The endpoint is gone. It is no longer counted and its blocks are cleared bit by bit by later
    /// calls of `add`; `acquire` brings back what is left of them.
    void remove(std::uint64_t key);
    /// Removes the endpoints that are absent from `keys` in this call and the one before it.
    void sweep(std::span<const std::uint64_t> keys);

    /// Adds to `scratch`, for each endpoint, the number of leading blocks of the chain it holds.
    /// Does not count as use.
    void match(std::span<const std::uint64_t> hashes, prefix_scratch& scratch) const;

    /// Remembers that the endpoint has been sent this prompt; what is beyond its first `capacity`
    /// blocks is not. Forgets what was used longest ago to stay within `capacity` and the bytes.
    /// False, and nothing done, when the slot does not belong to `key` any more.
    bool add(endpoint_slot slot, std::uint64_t key, std::span<const std::uint64_t> hashes,
             std::size_t capacity, prefix_scratch& scratch, forgetting manner = forgetting::blocks);

    /// Block-holders: blocks times the endpoints that hold them. Any thread, a little behind.
    std::size_t blocks() const;
    /// Blocks one endpoint holds; 0 when it is unknown.
    std::size_t blocks_of(std::uint64_t key) const;
    /// Memory in use, free lists included; never above the bytes given at construction by more than
    /// the records of the endpoints.
    std::size_t bytes() const;

  private:
    /// An endpoint's share of one run, in the endpoint's order of use.
    struct entry {
        std::uint32_t run;
        prefix::links at;
    };
    struct record;
    static constexpr std::size_t chunk_size = 64;
    static constexpr std::size_t max_chunks = 256;

    record* record_of(endpoint_slot slot) const;
    prefix::links& links_of(std::uint32_t id);
    std::uint32_t run_of(std::uint32_t id) const;
    void touch(record& r, std::uint32_t id, std::uint32_t tick, bool last);
    void unlink(record& r, std::uint32_t id);
    std::uint32_t walk(record& r, std::span<const std::uint64_t> hashes, prefix_scratch& scratch);
    std::size_t oldest_shares(record& r, std::span<std::uint32_t> out, std::uint32_t stop,
                              bool of_cut);
    void forget(record& r, std::size_t until, std::uint32_t max_entries, std::uint32_t stop = 0);
    void forget_batch(record& r, std::size_t until, std::span<const std::uint32_t> batch);
    void forget_rest_of_prompt(record& r, std::uint32_t stop);
    void forget_beyond(record& r, std::size_t until, const prefix_scratch& scratch);
    bool short_of(std::uint32_t units) const;
    void make_room(std::size_t blocks);
    record* oldest() const;
    void clear_removed();

    prefix::run_table runs_;
    prefix::slab<entry> entries_;
    std::array<std::atomic<record*>, max_chunks> chunks_{};
    std::atomic<std::uint32_t> slots_{0};  ///< ever given out
    std::atomic<std::uint32_t> clock_{0};  ///< counts some of the adds; ages entries
    std::atomic<std::uint32_t> removed_count_{0};

    mutable std::mutex registry_;
    std::unordered_map<std::uint64_t, endpoint_slot> by_key_;
    std::vector<endpoint_slot> free_slots_;
    std::vector<endpoint_slot> removed_;
};

}  // namespace weir::scheduling
