#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace weir {

/// A short list of plain values that allocates only beyond `N` elements.
template <class T, std::size_t N>
class inline_vector {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    void push_back(const T& value) {
        if (size_ < N) {
            near_[size_] = value;
        } else {
            if (size_ == N) far_.assign(near_.begin(), near_.end());
            far_.push_back(value);
        }
        ++size_;
    }

    void clear() {
        size_ = 0;
        far_.clear();
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() { return size_ <= N ? near_.data() : far_.data(); }
    const T* data() const { return size_ <= N ? near_.data() : far_.data(); }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    T& operator[](std::size_t i) { return data()[i]; }
    const T& operator[](std::size_t i) const { return data()[i]; }
    T& back() { return data()[size_ - 1]; }
    const T& back() const { return data()[size_ - 1]; }
    std::span<const T> view() const { return {data(), size_}; }

  private:
    std::array<T, N> near_{};
    std::vector<T> far_;
    std::size_t size_ = 0;
};

}  // namespace weir
