#pragma once

#include <memory>
#include <unordered_map>

#include "datalayer/endpoint_pool.hpp"
#include "datalayer/engine_mapping.hpp"
#include "datalayer/fetch.hpp"
#include "datalayer/health.hpp"
#include "http/client.hpp"

namespace weir::datalayer {

/// Asks endpoints for their health, one question at a time each, always on a fresh connection:
/// those that are down or loading, and ready ones only where a hint says so: their traffic tells.
/// Control thread.
class prober {
  public:
    static constexpr duration connect_limit = std::chrono::seconds(1);

    explicit prober(http::event_loop& loop);
    ~prober();
    prober(const prober&) = delete;
    prober& operator=(const prober&) = delete;

    /// Probes what is due in this pool. `engine` may be null: then the usual path is asked.
    void tick(endpoint_pool& pool, endpoint_pool::member& m, const engine_mapping* engine,
              bool page_not_loaded = false);
    /// Drops the questions of endpoints that are gone. Call when a pool changed, before it is
    /// destroyed.
    void forget(const endpoint_pool& pool);

    std::uint64_t sent() const { return sent_; }

  private:
    struct probe;

    http::event_loop& loop_;
    http::client_pool connections_;
    std::unordered_map<std::uint64_t, std::unique_ptr<probe>> probes_;
    std::uint64_t sent_ = 0;
};

}  // namespace weir::datalayer
