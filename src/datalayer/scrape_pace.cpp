#include "datalayer/scrape_pace.hpp"

#include <algorithm>

namespace weir::datalayer {
namespace {

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

constexpr std::uint64_t enough = 8;  // scrapes that make a measurement
constexpr double weight = 0.3;       // of the newest measurement
constexpr double seen = 0.9;         // of what scraping costs: the rest is the loop's
constexpr double aim = 0.95;         // of what it may take: what is not seen varies

}  // namespace

scrape_pace::scrape_pace(duration floor, double cpu)
    : floor_(std::max(floor, shortest)), cpu_(std::max(cpu, 0.001)), period_(floor_) {}

void scrape_pace::spent(duration cpu, std::uint64_t scrapes) {
    window_cpu_ += cpu;
    window_scrapes_ += scrapes;
}

void scrape_pace::settle(std::size_t endpoints, bool active) {
    if (window_scrapes_ >= enough) {
        const double measured = seconds(window_cpu_) / static_cast<double>(window_scrapes_);
        cost_ = cost_ == 0 ? measured : cost_ + weight * (measured - cost_);
        window_cpu_ = {};
        window_scrapes_ = 0;
    }
    active_ = active;
    const auto busy = needed(endpoints, cpu_ * aim * seen);
    limited_ = busy > floor_;
    period_ = active ? busy : std::max(busy, needed(endpoints, std::min(cpu_, idle_cpu)));
}

duration scrape_pace::needed(std::size_t endpoints, double budget) const {
    const double wanted = cost_ * static_cast<double>(endpoints) / budget;
    const auto exact = std::chrono::duration_cast<duration>(
        std::chrono::duration<double>(std::min(wanted, seconds(longest))));
    return std::max(exact, floor_);
}

double scrape_pace::staleness_floor() const { return 3 * seconds(period_); }

double scrape_pace::wanted_cpu(std::size_t endpoints) const {
    return cost_ / seen * static_cast<double>(endpoints) / seconds(floor_);
}

}  // namespace weir::datalayer
