#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weir::config {

/// A vector that takes one pointer while it is empty, as most of those in a tree of values are.
template <class T>
class lean_vector {
  public:
    using value_type = T;

    lean_vector() = default;
    lean_vector(const lean_vector& other)
        : list_(other.empty() ? nullptr : std::make_unique<std::vector<T>>(*other.list_)) {}
    lean_vector(lean_vector&&) noexcept = default;
    lean_vector& operator=(const lean_vector& other) {
        if (this != &other) *this = lean_vector(other);
        return *this;
    }
    lean_vector& operator=(lean_vector&&) noexcept = default;
    ~lean_vector() = default;

    bool empty() const { return list_ == nullptr || list_->empty(); }
    std::size_t size() const { return list_ == nullptr ? 0 : list_->size(); }
    const T* begin() const { return list_ == nullptr ? nullptr : list_->data(); }
    const T* end() const { return begin() + size(); }
    T* begin() { return list_ == nullptr ? nullptr : list_->data(); }
    T* end() { return begin() + size(); }
    const T& operator[](std::size_t i) const { return (*list_)[i]; }
    T& operator[](std::size_t i) { return (*list_)[i]; }
    const T& at(std::size_t i) const { return all().at(i); }
    const T& front() const { return list_->front(); }
    T& front() { return list_->front(); }
    const T& back() const { return list_->back(); }
    T& back() { return list_->back(); }

    void reserve(std::size_t n) {
        if (n != 0) own().reserve(n);
    }
    void push_back(T value) { own().push_back(std::move(value)); }
    template <class... Args>
    T& emplace_back(Args&&... args) {
        return own().emplace_back(std::forward<Args>(args)...);
    }
    const std::vector<T>& all() const {
        static const std::vector<T> none;
        return list_ == nullptr ? none : *list_;
    }
    /// The vector itself, made if there is none yet, for whatever else is to be done with it.
    std::vector<T>& all() { return own(); }

  private:
    std::vector<T>& own() {
        if (list_ == nullptr) list_ = std::make_unique<std::vector<T>>();
        return *list_;
    }

    std::unique_ptr<std::vector<T>> list_;
};

}  // namespace weir::config
