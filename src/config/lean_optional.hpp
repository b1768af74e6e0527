#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace weir::config {

/// An optional that takes one pointer while it is empty, as most of those in a manifest are.
template <class T>
class lean_optional {
  public:
    lean_optional() = default;
    lean_optional(T value) : value_(std::make_unique<T>(std::move(value))) {}
    lean_optional(std::optional<T> value)
        : value_(value ? std::make_unique<T>(std::move(*value)) : nullptr) {}
    lean_optional(const lean_optional& other)
        : value_(other ? std::make_unique<T>(*other) : nullptr) {}
    lean_optional(lean_optional&&) noexcept = default;
    lean_optional& operator=(const lean_optional& other) {
        if (this != &other) *this = lean_optional(other);
        return *this;
    }
    lean_optional& operator=(lean_optional&&) noexcept = default;
    ~lean_optional() = default;

    T& emplace() {
        value_ = std::make_unique<T>();
        return *value_;
    }
    explicit operator bool() const { return value_ != nullptr; }
    bool has_value() const { return value_ != nullptr; }
    const T& operator*() const { return *value_; }
    T& operator*() { return *value_; }
    const T* operator->() const { return value_.get(); }
    T* operator->() { return value_.get(); }

  private:
    std::unique_ptr<T> value_;
};

}  // namespace weir::config
