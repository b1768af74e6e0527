#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace weir::http {

/// One worker's part of a number of bytes that all workers share: taken in large steps, so that an
/// ordinary request writes no cache line of another worker. Where little is left the steps are
/// exact. One thread.
class memory_grant {
  public:
    /// `shared` is what all workers have left; null: no limit.
    explicit memory_grant(std::atomic<std::int64_t>* shared) : shared_(shared) {}
    ~memory_grant() {
        if (shared_ != nullptr) shared_->fetch_add(spare_, std::memory_order_relaxed);
    }
    memory_grant(const memory_grant&) = delete;
    memory_grant& operator=(const memory_grant&) = delete;

    bool take(std::int64_t bytes) {
        if (shared_ == nullptr) return true;
        if (spare_ < bytes) {
            const auto lacking = bytes - spare_;
            const auto plenty = shared_->load(std::memory_order_relaxed) >= much;
            if (!borrow(plenty ? lacking + step : lacking)) return false;
        }
        spare_ -= bytes;
        return true;
    }

    void give(std::int64_t bytes) {
        if (shared_ == nullptr) return;
        spare_ += bytes;
        if (spare_ <= 2 * step && shared_->load(std::memory_order_relaxed) >= much) return;
        shared_->fetch_add(std::exchange(spare_, 0), std::memory_order_relaxed);
    }

  private:
    static constexpr std::int64_t step = std::int64_t{1} << 20;
    static constexpr std::int64_t much = 64 * step;

    bool borrow(std::int64_t bytes) {
        if (shared_->fetch_sub(bytes, std::memory_order_relaxed) >= bytes) {
            spare_ += bytes;
            return true;
        }
        shared_->fetch_add(bytes, std::memory_order_relaxed);
        return false;
    }

    std::atomic<std::int64_t>* shared_;
    std::int64_t spare_ = 0;
};

}  // namespace weir::http
