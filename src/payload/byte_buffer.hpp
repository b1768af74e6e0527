#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace weir::payload {

/// Bytes one behind the other in memory that is kept between uses and never zeroed. Views into it
/// end with the next growth, so builders remember offsets.
class byte_buffer {
  public:
    std::size_t size() const { return size_; }
    std::string_view view(std::size_t offset, std::size_t n) const {
        return {data_.get() + offset, n};
    }
    void clear() { size_ = 0; }
    void resize_down(std::size_t n) { size_ = n; }

    /// Gives the memory back when it is larger than `limit` bytes.
    void trim(std::size_t limit) {
        size_ = 0;
        if (capacity_ <= limit) return;
        data_.reset();
        capacity_ = 0;
    }

    /// Room for `n` more bytes, never null; what is written there counts after `commit`.
    char* room(std::size_t n) {
        if (capacity_ - size_ < n || !data_) grow(n);
        return data_.get() + size_;
    }
    void commit(std::size_t n) { size_ += n; }

    void append(std::string_view text) {
        if (text.empty()) return;
        std::memcpy(room(text.size()), text.data(), text.size());
        size_ += text.size();
    }
    void append(char c) {
        *room(1) = c;
        ++size_;
    }

  private:
    void grow(std::size_t n) {
        const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(size_ + n, 4096));
        std::unique_ptr<char[]> larger(new char[wanted]);
        if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
        data_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace weir::payload
