#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::sim {

/// The KV cache of one engine as fixed-size blocks: reference counts, a list of free blocks in the
/// order they will be reused, and a table from content hash to block. Every operation is O(1).
///
/// A hash names a block together with all that stands before it (chained), so equal hashes mean
/// equal prefixes. A block that nobody uses any more keeps its content until it is handed out
/// again; least recently freed goes first, blocks without reusable content before all others
/// (vLLM's order).
class block_cache {
  public:
    using block_id = std::uint32_t;

    /// `reuse` off: no content is ever found again.
    explicit block_cache(std::size_t blocks, bool reuse = true);

    std::size_t size() const { return blocks_.size(); }
    /// Blocks that can be handed out, those that still hold reusable content included.
    std::size_t free() const { return free_; }
    /// Blocks in use / all blocks, 0..1.
    double usage() const;

    /// How many of `hashes`, from the front, are held.
    std::size_t match(std::span<const std::uint64_t> hashes) const;
    /// How many of `hashes` are held but used by nobody: taking them uses up that many free blocks.
    std::size_t idle_among(std::span<const std::uint64_t> hashes) const;

    /// One more user of the block that holds `hash`; it must be held.
    block_id take(std::uint64_t hash);
    /// A block with one user and no content; `free()` must not be 0. Forgets what the block held.
    block_id allocate();
    /// The block is full and holds `hash` from now on, unless another block already does.
    void commit(block_id block, std::uint64_t hash);
    /// One user less.
    void release(block_id block);
    /// Forgets all content that nobody uses.
    void clear();

    std::uint64_t evictions() const { return evictions_; }

  private:
    static constexpr block_id none = 0xFFFFFFFF;

    struct entry {
        std::uint64_t hash = 0;
        block_id previous = none;
        block_id next = none;
        std::uint32_t users = 0;
        bool hashed = false;
    };

    std::size_t slot_of(std::uint64_t hash) const;
    std::size_t home(std::uint64_t hash) const { return (hash * 0x9e3779b97f4a7c15ULL) >> shift_; }
    void forget(std::uint64_t hash);
    void unlink(block_id id);
    void link_front(block_id id);
    void link_back(block_id id);

    std::vector<entry> blocks_;
    std::vector<block_id> table_;  ///< open addressing, linear probing; at most half full
    unsigned shift_ = 0;
    std::size_t free_ = 0;
    block_id head_ = none;
    block_id tail_ = none;
    bool reuse_;
    std::uint64_t evictions_ = 0;
};

}  // namespace weir::sim
