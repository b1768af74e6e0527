#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "datalayer/endpoint_pool.hpp"
#include "datalayer/scraper.hpp"
#include "http/event_loop.hpp"

namespace weir::datalayer {

/// Mean and sample standard deviation of one signal, rounded to two decimals.
struct spread_of {
    double mean = 0;
    double deviation = 0;
};
spread_of spread(std::vector<double> values);

/// What a pool's gauges show (Source: llm-d-router head): averages over its fresh, ready endpoints,
/// which keep their last values while nothing is fresh, and the number of ready endpoints, fresh or
/// not.
class pool_gauges {
  public:
    /// Data older than this is left out of the averages, unless the scrape period is that long.
    static constexpr duration stale_after = std::chrono::seconds(2);

    void refresh(const endpoint_pool& pool, time_point now);

    const spread_of& queue() const { return queue_; }
    const spread_of& running() const { return running_; }
    const spread_of& kv_usage() const { return kv_usage_; }
    std::size_t ready() const { return ready_; }

  private:
    spread_of queue_;
    spread_of running_;
    spread_of kv_usage_;
    std::size_t ready_ = 0;
};

/// The metrics of this room, under current names and their deprecated twins.
class pool_metrics final : public metrics::source {
  public:
    using pools_fn = std::function<std::vector<const endpoint_pool*>()>;

    /// `loop` and `scrape` outlive the source.
    pool_metrics(const http::event_loop& loop, const scraper& scrape, pools_fn pools);

    void collect(metrics::exposition& out) const override;

  private:
    void collect_pool(metrics::exposition& out, const endpoint_pool& pool) const;
    void collect_scrapes(metrics::exposition& out) const;

    const http::event_loop& loop_;
    const scraper& scrape_;
    pools_fn pools_;
    mutable std::map<std::string, pool_gauges> gauges_;  ///< by pool id; last values are kept here
};

}  // namespace weir::datalayer
