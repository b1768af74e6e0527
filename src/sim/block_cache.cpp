#include "sim/block_cache.hpp"

#include <algorithm>
#include <bit>

namespace weir::sim {

block_cache::block_cache(std::size_t blocks, bool reuse)
    : blocks_(std::max<std::size_t>(blocks, 1)), reuse_(reuse) {
    const auto capacity = std::bit_ceil(blocks_.size() * 2);
    table_.assign(capacity, none);
    shift_ = 64U - static_cast<unsigned>(std::countr_zero(capacity));
    for (std::size_t i = 0; i < blocks_.size(); ++i) link_back(static_cast<block_id>(i));
}

double block_cache::usage() const {
    return static_cast<double>(blocks_.size() - free_) / static_cast<double>(blocks_.size());
}

// The table slot that holds `hash`, or the empty one where it would go.
std::size_t block_cache::slot_of(std::uint64_t hash) const {
    const auto mask = table_.size() - 1;
    auto i = home(hash);
    while (table_[i] != none && blocks_[table_[i]].hash != hash) i = (i + 1) & mask;
    return i;
}

std::size_t block_cache::match(std::span<const std::uint64_t> hashes) const {
    std::size_t n = 0;
    while (n < hashes.size() && table_[slot_of(hashes[n])] != none) ++n;
    return n;
}

std::size_t block_cache::idle_among(std::span<const std::uint64_t> hashes) const {
    std::size_t n = 0;
    for (const auto hash : hashes) {
        const auto id = table_[slot_of(hash)];
        if (id != none && blocks_[id].users == 0) ++n;
    }
    return n;
}

block_cache::block_id block_cache::take(std::uint64_t hash) {
    const auto id = table_[slot_of(hash)];
    if (blocks_[id].users++ == 0) unlink(id);
    return id;
}

block_cache::block_id block_cache::allocate() {
    const auto id = head_;
    unlink(id);
    auto& b = blocks_[id];
    if (b.hashed) {
        forget(b.hash);
        b.hashed = false;
        ++evictions_;
    }
    b.users = 1;
    return id;
}

void block_cache::commit(block_id block, std::uint64_t hash) {
    auto& b = blocks_[block];
    if (!reuse_ || b.hashed) return;
    const auto slot = slot_of(hash);
    if (table_[slot] != none) return;
    table_[slot] = block;
    b.hash = hash;
    b.hashed = true;
}

void block_cache::release(block_id block) {
    auto& b = blocks_[block];
    if (--b.users != 0) return;
    if (b.hashed) {
        link_back(block);
    } else {
        link_front(block);
    }
}

void block_cache::clear() {
    for (auto id = head_; id != none; id = blocks_[id].next) {
        if (!blocks_[id].hashed) continue;
        forget(blocks_[id].hash);
        blocks_[id].hashed = false;
    }
}

// Takes `hash` out of the table; later entries of its run move up so that no probe ends early.
void block_cache::forget(std::uint64_t hash) {
    const auto mask = table_.size() - 1;
    auto hole = slot_of(hash);
    auto i = (hole + 1) & mask;
    while (table_[i] != none) {
        const auto want = home(blocks_[table_[i]].hash);
        if (((i - want) & mask) >= ((i - hole) & mask)) {
            table_[hole] = table_[i];
            hole = i;
        }
        i = (i + 1) & mask;
    }
    table_[hole] = none;
}

void block_cache::unlink(block_id id) {
    auto& b = blocks_[id];
    (b.previous == none ? head_ : blocks_[b.previous].next) = b.next;
    (b.next == none ? tail_ : blocks_[b.next].previous) = b.previous;
    b.previous = b.next = none;
    --free_;
}

void block_cache::link_front(block_id id) {
    auto& b = blocks_[id];
    b.previous = none;
    b.next = head_;
    (head_ == none ? tail_ : blocks_[head_].previous) = id;
    head_ = id;
    ++free_;
}

void block_cache::link_back(block_id id) {
    auto& b = blocks_[id];
    b.next = none;
    b.previous = tail_;
    (tail_ == none ? head_ : blocks_[tail_].next) = id;
    tail_ = id;
    ++free_;
}

}  // namespace weir::sim
