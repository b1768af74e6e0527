#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace weir::http {

/// Memory for one message, with 64 bytes of slack behind `capacity` so that simdjson may read past
/// the end.
struct buffer {
    static constexpr std::size_t slack = 64;

    std::unique_ptr<char[]> data;
    std::size_t capacity = 0;
    std::size_t size = 0;  ///< bytes in use from the front

    explicit operator bool() const { return data != nullptr; }
    char* end() { return data.get() + size; }
    std::size_t room() const { return capacity - size; }

    static buffer allocate(std::size_t capacity) {
        buffer out;
        out.data.reset(new char[capacity + slack]);
        out.capacity = capacity;
        return out;
    }

    /// The same bytes with at least `wanted` capacity.
    void grow(std::size_t wanted) {
        if (wanted <= capacity) return;
        auto larger = allocate(wanted);
        if (size != 0) std::memcpy(larger.data.get(), data.get(), size);
        larger.size = size;
        *this = std::move(larger);
    }
};

/// One thread's stock of equal buffers. The last one given back is the next one taken: its lines
/// are in cache.
class buffer_pool {
  public:
    explicit buffer_pool(std::size_t buffer_size, std::size_t max_kept = 256)
        : buffer_size_(buffer_size), max_kept_(max_kept) {}

    buffer take() {
        if (kept_.empty()) return buffer::allocate(buffer_size_);
        auto out = std::move(kept_.back());
        kept_.pop_back();
        out.size = 0;
        return out;
    }

    /// Buffers that grew are not kept.
    void give(buffer b) {
        if (b && b.capacity == buffer_size_ && kept_.size() < max_kept_)
            kept_.push_back(std::move(b));
    }

    std::size_t buffer_size() const { return buffer_size_; }

  private:
    std::size_t buffer_size_;
    std::size_t max_kept_;
    std::vector<buffer> kept_;
};

/// One thread's stock of buffers of any size, so that uploads of a like size find their pages
/// mapped. Keeps at most `max_bytes`.
class large_buffer_pool {
  public:
    buffer take(std::size_t size) {
        for (auto i = kept_.size(); i-- != 0;) {
            if (kept_[i].capacity < size || kept_[i].capacity / 4 > size) continue;
            auto out = std::move(kept_[i]);
            kept_[i] = std::move(kept_.back());
            kept_.pop_back();
            bytes_ -= out.capacity;
            out.size = 0;
            return out;
        }
        return buffer::allocate((size + step - 1) / step * step);
    }

    void give(buffer b) {
        if (!b || b.capacity % step != 0 || bytes_ + b.capacity > max_bytes) return;
        bytes_ += b.capacity;
        kept_.push_back(std::move(b));
    }

  private:
    static constexpr std::size_t step = std::size_t{32} << 10;
    static constexpr std::size_t max_bytes = std::size_t{8} << 20;

    std::vector<buffer> kept_;
    std::size_t bytes_ = 0;
};

}  // namespace weir::http
