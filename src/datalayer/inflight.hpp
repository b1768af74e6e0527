#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "datalayer/pool.hpp"

namespace weir::datalayer {

/// One request under way at an endpoint: counted when made, given back exactly once when destroyed.
/// Any thread.
class inflight_guard {
  public:
    inflight_guard() = default;
    /// `tokens` is what the request adds to the endpoint's prompt load, never negative.
    inflight_guard(std::shared_ptr<endpoint_state> state, std::int64_t tokens)
        : state_(std::move(state)), tokens_(tokens) {
        state_->inflight_requests.fetch_add(1, std::memory_order_relaxed);
        state_->inflight_tokens.fetch_add(tokens_, std::memory_order_relaxed);
    }
    ~inflight_guard() { release(); }

    inflight_guard(inflight_guard&& other) noexcept
        : state_(std::move(other.state_)), tokens_(std::exchange(other.tokens_, 0)) {}
    inflight_guard& operator=(inflight_guard&& other) noexcept {
        if (this != &other) {
            release();
            state_ = std::move(other.state_);
            tokens_ = std::exchange(other.tokens_, 0);
        }
        return *this;
    }
    inflight_guard(const inflight_guard&) = delete;
    inflight_guard& operator=(const inflight_guard&) = delete;

    bool active() const { return state_ != nullptr; }
    const std::shared_ptr<endpoint_state>& state() const { return state_; }

    /// What is left to give back of them.
    std::int64_t tokens() const { return tokens_; }

    /// The prompt has been worked off (first response byte); the request itself still counts.
    void release_tokens() {
        if (state_ && tokens_ != 0) {
            state_->inflight_tokens.fetch_sub(std::exchange(tokens_, 0), std::memory_order_relaxed);
        }
    }

    void release() {
        if (!state_) return;
        release_tokens();
        state_->inflight_requests.fetch_sub(1, std::memory_order_relaxed);
        state_.reset();
    }

  private:
    std::shared_ptr<endpoint_state> state_;
    std::int64_t tokens_ = 0;
};

}  // namespace weir::datalayer
