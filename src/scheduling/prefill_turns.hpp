#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace weir::scheduling {

/// Whose turn it is on one endpoint, which computes prompts in the order they were sent: the ledger
/// counts all tokens of a prompt until its first token comes, and the prompt in turn may be nearly
/// done by then. Any worker may call anything; two at once may cost a little of what is known.
class prefill_turns {
  public:
    /// A prompt is sent; `alone`: no other waits there. Its number.
    std::uint32_t send(double tokens, bool alone, time_point now) {
        const auto number = sent_.fetch_add(1, std::memory_order_relaxed);
        tokens_of(number).store(static_cast<float>(tokens), std::memory_order_relaxed);
        if (alone || number == turn_.load(std::memory_order_relaxed)) begin(number, now);
        return number;
    }

    /// Its first token came: the next one's turn. Endpoints that let a prompt pass others are
    /// believed about the latest that had its turn.
    void answered(std::uint32_t number, time_point now) {
        if (is_before(number, turn_.load(std::memory_order_relaxed))) return;
        begin(number + 1, now);
    }

    /// It ended without a first token.
    void gave_up(std::uint32_t number, time_point now) {
        if (number == turn_.load(std::memory_order_relaxed)) begin(number + 1, now);
    }

    /// Tokens of the prompt in turn that were computed by now, at that pace. One that has taken
    /// twice as long as it should is stuck, or has not begun: what was believed is taken back.
    double done(time_point now, double seconds_per_token) const {
        const auto number = turn_.load(std::memory_order_relaxed);
        const auto pending = sent_.load(std::memory_order_relaxed) - number;
        if (pending == 0 || pending > remembered) return 0;
        const double tokens = tokens_of(number).load(std::memory_order_relaxed);
        const std::chrono::duration<double> age = now - since_.load(std::memory_order_relaxed);
        const auto due = std::max(0.0, age.count() / seconds_per_token);
        return std::clamp((overdue + 1) * tokens - due, 0.0, std::min(due, tokens));
    }

  private:
    static constexpr std::uint32_t remembered = 8;  ///< prompts, the last that were sent
    static constexpr double overdue = 2;            ///< times as long as it should take

    static bool is_before(std::uint32_t a, std::uint32_t b) {
        return static_cast<std::int32_t>(a - b) < 0;
    }
    std::atomic<float>& tokens_of(std::uint32_t number) { return tokens_[number % remembered]; }
    const std::atomic<float>& tokens_of(std::uint32_t number) const {
        return tokens_[number % remembered];
    }
    void begin(std::uint32_t number, time_point now) {
        turn_.store(number, std::memory_order_relaxed);
        since_.store(now, std::memory_order_relaxed);
    }

    std::atomic<std::uint32_t> sent_{0};
    std::atomic<std::uint32_t> turn_{0};
    std::atomic<time_point> since_{};
    std::array<std::atomic<float>, remembered> tokens_{};
};

}  // namespace weir::scheduling
