#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/snapshot.hpp"

namespace weir {

/// One thread's hold on a published value. The value is kept by a count that only this thread
/// touches, so pinning it for a request writes no shared cache line. Copies belong to the thread
/// that made the first one.
template <class T>
class pin {
  public:
    pin() = default;
    pin(const pin& other) : cell_(other.cell_) {
        if (cell_ != nullptr) ++cell_->uses;
    }
    pin(pin&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
    pin& operator=(pin other) noexcept {
        std::swap(cell_, other.cell_);
        return *this;
    }
    ~pin() {
        if (cell_ != nullptr && --cell_->uses == 0) delete cell_;
    }

    explicit operator bool() const { return cell_ != nullptr && cell_->value != nullptr; }
    const T& operator*() const { return *cell_->value; }
    const T* operator->() const { return cell_->value.get(); }
    const T* get() const { return cell_ == nullptr ? nullptr : cell_->value.get(); }
    void reset() { *this = pin(); }

  private:
    template <class U>
    friend class pinned_reader;

    struct cell {
        std::shared_ptr<const T> value;
        std::size_t uses = 1;
    };
    explicit pin(cell* c) : cell_(c) {}

    cell* cell_ = nullptr;
};

/// One thread's view of a `snapshot` that hands out pins.
template <class T>
class pinned_reader {
  public:
    explicit pinned_reader(const snapshot<T>& source) : source_(&source) {}

    /// The newest value, pinned. Empty before the first publish.
    pin<T> get() {
        const auto version = source_->version();
        if (version != version_ || current_.cell_ == nullptr) {
            current_ = pin<T>(new typename pin<T>::cell{source_->load()});
            version_ = version;
        }
        return current_;
    }

    /// As `get`, without pinning: valid until the next call.
    const T* peek() {
        const auto version = source_->version();
        if (version != version_ || current_.cell_ == nullptr) get();
        return current_.get();
    }

    std::uint64_t version() const { return version_; }

  private:
    const snapshot<T>* source_;
    pin<T> current_;
    std::uint64_t version_ = 0;
};

}  // namespace weir
