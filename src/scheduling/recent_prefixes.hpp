#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "scheduling/prefill_turns.hpp"
#include "scheduling/prefix_hash.hpp"

namespace weir::scheduling {

/// When prefixes were last asked for. A prefix goes by the end of it, where it parts from other
/// prompts; of two that share a cell the later is remembered. Any worker may call anything.
class recent_prefixes {
  public:
    recent_prefixes() : cells_(size) {}

    /// The name of `prompt` up to `end`; 0: too short to be worth one.
    static std::uint64_t name(std::string_view prompt, std::size_t end) {
        end = std::min(end, prompt.size());
        return end < hashed_at_once ? 0 : hash_bytes(prompt.data() + end - hashed_at_once);
    }

    void note(std::uint64_t name, time_point now) {
        if (name == 0) return;
        cell_of(name).store((name & tag) | milliseconds(now), std::memory_order_relaxed);
    }

    /// Whether somebody asked for it within that time.
    bool asked(std::uint64_t name, time_point now, double seconds) const {
        const auto held = cell_of(name).load(std::memory_order_relaxed);
        if (name == 0 || (held & tag) != (name & tag)) return false;
        const auto age =
            static_cast<std::int32_t>(milliseconds(now) - static_cast<std::uint32_t>(held));
        return age < seconds * 1000;
    }

  private:
    static constexpr std::size_t size = 4096;
    static constexpr std::uint64_t tag = 0xffffffff00000000;

    static std::uint32_t milliseconds(time_point now) {
        return static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    }
    std::atomic<std::uint64_t>& cell_of(std::uint64_t name) { return cells_[name % size]; }
    const std::atomic<std::uint64_t>& cell_of(std::uint64_t name) const {
        return cells_[name % size];
    }

    std::vector<std::atomic<std::uint64_t>> cells_;
};

}  // namespace weir::scheduling
