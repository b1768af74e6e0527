#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "datalayer/endpoint_pool.hpp"
#include "datalayer/engine_catalog.hpp"
#include "datalayer/scrape_job.hpp"
#include "http/event_loop.hpp"

namespace weir::datalayer {

struct scraper_options {
    duration interval = std::chrono::milliseconds(50);  ///< --refresh-metrics-interval
    double cpu = 0.1;                                   ///< --scrape-cpu, cores
    std::uint64_t seed = 0;                             ///< of the jitter
    duration (*suspended)() = &suspended_time;          ///< how long the machine has slept
};

/// Scrapes the endpoints of all pools, spread over one period. Control thread, but for
/// `first_round_done`.
class scraper {
  public:
    scraper(http::event_loop& loop, const scraper_options& options);
    ~scraper();
    scraper(const scraper&) = delete;
    scraper& operator=(const scraper&) = delete;

    /// Scrapes the pool's endpoints from now on, as they come and go; again for the same pool: with
    /// another catalog.
    void watch(endpoint_pool& pool, std::shared_ptr<const engine_catalog> catalog);
    /// Before the pool is destroyed.
    void forget(const endpoint_pool& pool);

    /// Follows the pools and the traffic; every 50 ms or so. `all_known`: no endpoint is still to
    /// come from a name; until then the first round is not over.
    void tick(bool all_known = true);

    /// True once every endpoint known at the time was scraped (or tried) once. Any thread.
    bool first_round_done() const { return first_round_done_.load(std::memory_order_acquire); }

    /// Null for an endpoint that is not watched.
    const scrape_job* job(std::uint64_t serial) const;
    const scrape_counters& counters() const { return context_.counters; }
    const scrape_pace& pace() const { return context_.pace; }
    std::size_t endpoints() const;
    /// True when pages show that the pool's endpoints serve different models, or are of engines
    /// whose pages never name a model.
    bool models_may_differ(const endpoint_pool& pool) const;

  private:
    struct watched {
        endpoint_pool* pool = nullptr;
        std::shared_ptr<const engine_catalog> catalog;
        std::uint64_t version = ~std::uint64_t{0};
        std::unordered_map<std::uint64_t, std::unique_ptr<scrape_job>> jobs;
    };

    void follow(watched& w);
    void note_round();
    bool traffic(time_point now);
    void notice_suspend();
    void settle_pace(time_point now);
    void spread();
    void publish_floor();

    static constexpr duration traffic_memory = std::chrono::seconds(2);

    scrape_context context_;
    std::vector<std::unique_ptr<watched>> pools_;
    std::atomic<bool> first_round_done_{false};
    std::uint64_t picks_ = 0;
    duration (*suspended_)();
    duration slept_{};  ///< of the machine, up to the last tick
    time_point traffic_at_{};
    time_point settled_at_{};
    bool limit_said_ = false;
    bool all_known_ = false;
};

}  // namespace weir::datalayer
