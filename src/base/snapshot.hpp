#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace weir {

/// The newest immutable value of something all threads read and one thread replaces.
/// Readers go through a `snapshot_reader` of their own, which costs one relaxed load while nothing
/// changed.
template <class T>
class snapshot {
  public:
    /// Any thread. Readers see the value at their next `get`.
    void publish(std::shared_ptr<const T> value) {
        const std::lock_guard lock(mutex_);
        value_ = std::move(value);
        version_.fetch_add(1, std::memory_order_release);
    }

    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

    std::shared_ptr<const T> load() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
    std::atomic<std::uint64_t> version_{0};
};

/// One thread's cached view of a `snapshot`.
template <class T>
class snapshot_reader {
  public:
    explicit snapshot_reader(const snapshot<T>& source) : source_(&source) {}

    /// The newest value; the pointer is valid until the next call. Null before the first publish.
    const std::shared_ptr<const T>& get() {
        const auto version = source_->version();
        if (version != version_) {
            value_ = source_->load();
            version_ = version;
        }
        return value_;
    }

  private:
    const snapshot<T>* source_;
    std::uint64_t version_ = 0;
    std::shared_ptr<const T> value_;
};

}  // namespace weir
