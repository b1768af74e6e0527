#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace weir::datalayer {

/// How often endpoints are scraped: as often as the flag says, unless that costs more CPU than it
/// may. Plain numbers; the scraper measures and obeys.
class scrape_pace {
  public:
    /// Cores of measured work while no request comes: data that decides nothing is not worth more.
    /// What a scrape costs beyond that (waking up for it, caches that others have filled meanwhile)
    /// may double it, and the gateway's own ticks take 0.002: below 0.01 in all.
    static constexpr double idle_cpu = 0.003;
    static constexpr duration longest = std::chrono::seconds(10);
    static constexpr duration shortest = std::chrono::milliseconds(50);

    /// `floor` is --refresh-metrics-interval (never below 50 ms), `cpu` --scrape-cpu in cores.
    scrape_pace(duration floor, double cpu);

    /// CPU time of scrape work, and scrapes that ended with it.
    void spent(duration cpu, std::uint64_t scrapes);

    /// Once a second or when `active` changes: `active` says that requests come or are under way.
    void settle(std::size_t endpoints, bool active);

    duration period() const { return period_; }
    duration floor() const { return floor_; }
    double cpu() const { return cpu_; }
    bool active() const { return active_; }
    /// True when --scrape-cpu, not idleness, holds the pace back.
    bool limited() const { return limited_; }
    /// Seconds; data younger than this is never stale.
    double staleness_floor() const;
    /// Cores that scraping at the floor would take, with what is not seen of it.
    double wanted_cpu(std::size_t endpoints) const;

  private:
    duration needed(std::size_t endpoints, double budget) const;

    duration floor_;
    double cpu_;
    duration period_;
    double cost_ = 0;  ///< seconds of CPU a scrape, smoothed
    duration window_cpu_{};
    std::uint64_t window_scrapes_ = 0;
    bool active_ = true;
    bool limited_ = false;
};

}  // namespace weir::datalayer
