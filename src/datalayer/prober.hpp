#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "datalayer/endpoint_pool.hpp"
#include "datalayer/engine_mapping.hpp"
#include "datalayer/health.hpp"
#include "http/client.hpp"

namespace weir::datalayer {

/// Asks endpoints that are down for their health, one question at a time each, always on a fresh
/// connection. Endpoints that serve are never asked: their traffic tells. Control thread.
class prober {
  public:
    /// Generating servers may run a token for the answer; they get longer than the period.
    static constexpr duration time_limit = std::chrono::seconds(5);
    static constexpr duration connect_limit = std::chrono::seconds(1);

    explicit prober(http::event_loop& loop);
    ~prober();
    prober(const prober&) = delete;
    prober& operator=(const prober&) = delete;

    /// Probes what is due in this pool. `engine` may be null: then the usual path is asked.
    void tick(endpoint_pool& pool, endpoint_pool::member& m, const engine_mapping* engine);
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
