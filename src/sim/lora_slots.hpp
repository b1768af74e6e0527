#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace weir::sim {

/// The adapters an engine holds on its accelerator. An adapter occupies a slot while requests run
/// with it and until another one needs the slot; the least recently used idle one goes. Loading
/// takes time.
class lora_slots {
  public:
    /// Adapter number; 0 is the base model, which needs no slot.
    using adapter = std::uint32_t;

    lora_slots(std::size_t slots, duration load_time) : load_time_(load_time), slots_(slots) {}

    enum class outcome : std::uint8_t { ready, loading, full };

    /// Asks for `a` at `now`, starting to load it where a slot is to be had. `ready` counts one
    /// user.
    outcome acquire(adapter a, time_point now);
    /// One user less.
    void release(adapter a);
    /// The earliest end of a load still under way after `now`.
    std::optional<time_point> next_ready(time_point now) const;
    bool resident(adapter a) const;
    std::size_t size() const { return slots_.size(); }
    std::size_t used() const;  ///< slots with an adapter

  private:
    struct slot {
        adapter held = 0;
        std::uint32_t users = 0;
        std::uint64_t used = 0;
        time_point ready{};
    };

    duration load_time_;
    std::vector<slot> slots_;
    std::uint64_t clock_ = 0;
};

}  // namespace weir::sim
