#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datalayer/endpoint_pool.hpp"
#include "datalayer/fetch.hpp"

namespace weir::datalayer {

/// What `dcgm-data-source` says about the asking.
struct gpu_source {
    std::string path = "/metrics";
    std::uint16_t port = 9400;                      ///< of NVIDIA's DCGM exporter
    std::shared_ptr<const http::tls_client> tls{};  ///< null: plain
    duration interval = std::chrono::seconds(1);
    std::vector<std::string> keys;  ///< custom signals that take the value; empty: nobody asks
};

/// How busy the busiest GPU of an exporter's page is, 0..1; NaN when the page does not tell. Series
/// with a `pod` label are of that Pod: `name` is it, or one of its ranks.
double busiest_gpu(std::string_view page, std::string_view name);

/// Keeps the GPU use of the endpoints of a pool as a custom signal. A page that cannot be had, or
/// tells nothing, leaves the last value. Control thread.
class gpu_telemetry {
  public:
    gpu_telemetry(http::event_loop& loop, endpoint_pool& pool);
    ~gpu_telemetry();
    gpu_telemetry(const gpu_telemetry&) = delete;
    gpu_telemetry& operator=(const gpu_telemetry&) = delete;

    void configure(gpu_source source);

    /// Asks whom it is time to ask; every 50 ms or so.
    void tick();

  private:
    struct exporter;

    void follow();

    http::event_loop& loop_;
    endpoint_pool& pool_;
    http::client_pool connections_;
    gpu_source source_;
    std::unordered_map<std::uint64_t, std::unique_ptr<exporter>> exporters_;
    std::uint64_t version_ = ~std::uint64_t{0};
};

}  // namespace weir::datalayer
