#pragma once

#include <array>
#include <cstdint>

#include "base/clock.hpp"
#include "datalayer/page_reader.hpp"
#include "datalayer/pool.hpp"

namespace weir::datalayer {

/// What the control thread remembers about the signals of one endpoint between pages. A signal that
/// vanishes from the page or says nothing keeps its last value, and from then on the endpoint's
/// data ages, however fresh its other signals are.
class signal_memory {
  public:
    /// Pages in a row with the same numbers while requests came and went, before they are called
    /// frozen.
    static constexpr std::uint32_t frozen_pages = 100;
    static constexpr std::uint64_t frozen_picks = 10;

    /// Takes a whole page over into the endpoint's atomics. Adapters are the caller's. `capacity`
    /// bounds what the page calls `occupied`; 0: not known. Their ratio stands in for a KV metric
    /// that the page lacks.
    void apply(const page_values& page, double capacity, endpoint_state& to, time_point now);

    /// True once a page had the signal: `waiting`, `running` or `kv_usage`.
    bool knows(signal s) const { return expected_[static_cast<std::size_t>(s)]; }

    /// The server went away (its port refused): what it had on its page says nothing about its
    /// successor.
    void server_gone() { restarted_ = true; }

    /// The data are older by `more` than the clock says: the machine slept.
    void age(duration more) {
        for (auto& at : good_at_) at -= at == time_point{} ? duration{} : more;
    }

    bool frozen() const { return same_ >= frozen_pages && picks_ >= frozen_picks; }

  private:
    static constexpr std::size_t vital = 3;  ///< waiting, running, kv_usage: the first signals

    void watch_for_frost(const page_values& page, const endpoint_state& from);

    std::array<bool, vital> expected_{};
    std::array<time_point, vital> good_at_{};  ///< the epoch: never
    bool restarted_ = false;
    std::array<double, vital> last_{};
    std::uint32_t same_ = 0;
    std::uint64_t picks_ = 0;  ///< while the numbers stayed the same
    std::uint64_t picks_seen_ = 0;
};

}  // namespace weir::datalayer
