#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

/// Memory and locks of the prefix index; used by `prefix_runs` and `prefix_index` alone.
namespace weir::scheduling::prefix {

/// A lock for sections of a few dozen instructions. Spins, and yields when the holder was
/// preempted.
class spin_lock {
  public:
    void lock() {
        for (int spins = 0; !try_lock(); ++spins) {
            if (spins >= 64) std::this_thread::yield();
        }
    }
    bool try_lock() {
        return !taken_.load(std::memory_order_relaxed) &&
               !taken_.exchange(true, std::memory_order_acquire);
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

  private:
    std::atomic<bool> taken_{false};
};

/// Numbers of free elements that one lock's owner keeps, so that taking and giving back rarely
/// meets the others.
struct free_cache {
    static constexpr std::uint32_t capacity = 64;
    std::uint32_t size = 0;
    std::array<std::uint32_t, capacity> ids;
};

/// A fixed number of plain elements, known by their index; 0 is never given out. The address space
/// is reserved at once, memory is used as elements are first touched and never moves.
/// `take` and `give` may be called by any thread with a cache that it owns for the moment.
template <class T>
class slab {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    explicit slab(std::uint32_t count)
        : limit_(count + 1), batch_(std::clamp(count / 1024, 1U, free_cache::capacity / 4)) {
        const std::size_t align = 64;
        const std::size_t bytes = (std::size_t{limit_} * sizeof(T) + align - 1) / align * align;
        void* memory = std::aligned_alloc(align, bytes);
        if (memory == nullptr) throw std::bad_alloc();
        elements_.reset(static_cast<T*>(memory));
    }

    T& operator[](std::uint32_t id) { return elements_[id]; }
    const T& operator[](std::uint32_t id) const { return elements_[id]; }

    /// An element with indeterminate content, or 0 when all are taken.
    std::uint32_t take(free_cache& cache) {
        if (cache.size == 0 && !refill(cache)) return 0;
        return cache.ids[--cache.size];
    }

    void give(free_cache& cache, std::uint32_t id) {
        if (cache.size >= 2 * batch_) spill(cache, batch_);
        cache.ids[cache.size++] = id;
    }

    /// Gives everything in the cache back to all.
    void flush(free_cache& cache) { spill(cache, cache.size); }

    /// Elements that no cache holds and nobody has taken.
    std::uint32_t available() const { return available_.load(std::memory_order_relaxed); }

    std::uint32_t limit() const { return limit_; }

    /// Memory touched so far; it is kept for reuse.
    std::size_t bytes() const {
        const std::lock_guard lock(mutex_);
        return std::size_t{fresh_} * sizeof(T) + free_.capacity() * sizeof(std::uint32_t);
    }

  private:
    struct release {
        void operator()(T* p) const { std::free(p); }
    };

    bool refill(free_cache& cache) {
        const std::lock_guard lock(mutex_);
        const auto wanted = std::min(batch_, 1 + available() / 256);  // ones when little is left
        while (cache.size < wanted && !free_.empty()) {
            cache.ids[cache.size++] = free_.back();
            free_.pop_back();
        }
        while (cache.size < wanted && fresh_ < limit_) cache.ids[cache.size++] = fresh_++;
        publish();
        return cache.size != 0;
    }

    void spill(free_cache& cache, std::uint32_t count) {
        const std::lock_guard lock(mutex_);
        for (std::uint32_t i = 0; i < count; ++i) free_.push_back(cache.ids[--cache.size]);
        publish();
    }

    void publish() {
        available_.store(limit_ - fresh_ + static_cast<std::uint32_t>(free_.size()),
                         std::memory_order_relaxed);
    }

    const std::uint32_t limit_;
    /// Small slabs are passed on in ones, so that caches strand little.
    const std::uint32_t batch_;
    std::unique_ptr<T[], release> elements_;
    mutable std::mutex mutex_;
    std::uint32_t fresh_ = 1;
    std::vector<std::uint32_t> free_;
    std::atomic<std::uint32_t> available_{limit_ - 1};
};

}  // namespace weir::scheduling::prefix
