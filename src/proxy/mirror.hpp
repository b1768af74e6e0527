#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "datalayer/pool.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"
#include "proxy/telemetry.hpp"
#include "weir/random.hpp"

namespace weir::proxy {

/// One request as an endpoint gets it: its method, and head and body in pieces.
struct mirrored_request {
    std::string_view method;
    std::span<const std::string_view> pieces;
    duration limit{};  ///< of the route's timeouts.request; 0: `mirror_calls::longest`
};

/// Copies of requests on their way to mirrors: sent and forgotten. Nobody waits for them, their
/// answers are read and thrown away, and what there is no room for is not sent. One a worker;
/// worker thread.
class mirror_calls {
  public:
    static constexpr std::size_t most = 256;                          ///< copies under way
    static constexpr std::size_t most_bytes = std::size_t{64} << 20;  ///< held by them together
    static constexpr duration longest = std::chrono::minutes(5);

    mirror_calls(http::event_loop& loop, http::client_pool& clients, telemetry& numbers);
    ~mirror_calls();
    mirror_calls(const mirror_calls&) = delete;
    mirror_calls& operator=(const mirror_calls&) = delete;

    /// Copies `request` and sends it to that endpoint. Never fails as far as the caller can see.
    void send(const datalayer::pool_view& view, std::uint32_t endpoint,
              const mirrored_request& request);
    /// A copy had nowhere to go.
    void drop();

    std::size_t under_way() const { return all_.size() - free_.size(); }

  private:
    class one;

    http::event_loop& loop_;
    http::client_pool& clients_;
    telemetry& numbers_;
    std::vector<std::unique_ptr<one>> all_;
    std::vector<one*> free_;
    std::size_t bytes_ = 0;
};

/// The candidate with the fewest requests under way, equal ones at random; `candidates` is not
/// empty.
std::uint32_t least_requests(const signal_columns& signals,
                             std::span<const std::uint32_t> candidates, random_source& random);

}  // namespace weir::proxy
