#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/metrics.hpp"
#include "base/ticks.hpp"

namespace weir::scheduling {

/// Where a plugin is called; the names are those of the reference's `plugin_duration_seconds`.
enum class extension_point : std::uint8_t {
    request_header,
    screener,
    data_producer,
    admission,
    profile_picker,
    filter,
    scorer,
    picker,
    process_results,
    pre_request,
    response_received,
    response_streaming,
    response_complete,
};
inline constexpr std::size_t extension_points = 13;

std::string_view to_string(extension_point e);

/// How long plugins take, by extension point. One for a pool's pipelines, kept over reloads, so
/// that its counters never go back.
class plugin_times {
  public:
    using slot = std::uint32_t;
    static constexpr slot none = 0xffffffff;

    plugin_times();

    /// The place of that plugin's times. Control thread.
    slot add(extension_point where, std::string_view type, std::string_view name);

    /// One worker's histograms; it alone writes them.
    class cells {
      public:
        void observe(slot s, double seconds) {
            auto& c = calls_[s];
            c.seconds = seconds;
            c.bucket = c.times.bucket_of(seconds);
            c.times.add(c.bucket, seconds);
        }
        /// A call that was not timed counts as one that took as long as the last timed one.
        void observe_again(slot s) {
            auto& c = calls_[s];
            c.times.add(c.bucket, c.seconds);
        }

      private:
        friend class plugin_times;
        struct call {
            explicit call(std::span<const double> bounds) : times(bounds) {}
            metrics::histogram times;
            std::size_t bucket = 0;
            double seconds = 0;
        };
        std::deque<call> calls_;
    };

    /// Histograms for all slots there are; those that no worker holds any more are used again.
    std::shared_ptr<cells> add_worker();
    /// For calls that know no worker. When two come at once, one observation is lost.
    void observe(slot s, double seconds);

    void collect(metrics::exposition& out) const;

  private:
    using key = std::tuple<extension_point, std::string, std::string>;

    mutable std::mutex mutex_;
    std::map<key, slot> slots_;
    std::vector<std::shared_ptr<cells>> all_;
    std::mutex shared_lock_;
    std::shared_ptr<cells> shared_;
};

/// The places of a pipeline's plugins in `plugin_times`: by extension point and plugin index.
using time_slots = std::array<std::vector<plugin_times::slot>, extension_points>;

/// Reads the clock once between two plugins. One worker's; does nothing until it is given cells.
///
/// Every call is counted, but only the first `always` rounds of a phase and one in `period` after
/// them are timed: reading the clock twenty times a request cost more than some of the plugins.
class lap_timer {
  public:
    static constexpr std::uint32_t always = 64;
    static constexpr std::uint32_t period = 16;

    void use(std::shared_ptr<plugin_times::cells> cells, const time_slots* slots) {
        cells_ = std::move(cells);
        slots_ = slots;
        scale_ = seconds_per_tick();
        rounds_ = {};
    }
    /// The plugins of a phase follow, the first of which is called at `phase`. While the decision
    /// is only an explanation nothing is measured.
    void begin(extension_point phase, bool measured) {
        counts_ = measured && cells_ != nullptr;
        if (!counts_) return;
        const auto round = rounds_[static_cast<std::size_t>(phase)]++;
        timed_ = round < always || round % period == 0;
        if (timed_) last_ = ticks();
    }
    /// The plugin ran since the last lap.
    void lap(extension_point where, std::uint32_t plugin) {
        if (!counts_) return;
        const auto slot = (*slots_)[static_cast<std::size_t>(where)][plugin];
        if (!timed_) return cells_->observe_again(slot);
        const auto now = ticks();
        cells_->observe(slot, static_cast<double>(now - last_) * scale_);
        last_ = now;
    }

  private:
    std::shared_ptr<plugin_times::cells> cells_;
    const time_slots* slots_ = nullptr;
    double scale_ = 0;
    std::array<std::uint32_t, extension_points> rounds_{};  ///< of each phase
    std::uint64_t last_ = 0;
    bool counts_ = false;
    bool timed_ = false;
};

}  // namespace weir::scheduling
