#pragma once

#include <memory>
#include <unordered_map>

#include "base/pin.hpp"
#include "flowcontrol/gate.hpp"
#include "http/event_loop.hpp"
#include "proxy/runtime.hpp"

namespace weir::proxy {

class transaction;
class worker;
struct pool_slot;

/// A request's place at its pool's gate. The gate may hold it after its request has gone.
struct flow_ticket final : flowcontrol::flow_item {
    http::event_loop* home = nullptr;  ///< of the request's worker
    transaction* owner = nullptr;      ///< home thread only; null: it waits no more
    std::shared_ptr<flowcontrol::gate> gate;
};

/// One worker's requests that wait at gates: turns the gates while there are any, and wakes those
/// whose turn came, its own and other workers'. Its worker's thread only.
class flow_waits {
  public:
    explicit flow_waits(worker& w);

    /// The ticket's pool has flow control. `slot` holds the signals of `view` as just read.
    flowcontrol::outcome arrive(const std::shared_ptr<flow_ticket>& ticket,
                                const pin<runtime>& config, const pool_runtime& pool,
                                const datalayer::pool_view& view, const pool_slot& slot);
    /// The ticket's turn came.
    void done(const flow_ticket& ticket);
    /// A request that was let through has ended.
    void ended(flow_ticket& ticket);
    /// The request ends without its turn.
    void leave(flow_ticket& ticket);
    /// A place may have become free, or a request that was let through is counted now.
    void turn(const pool_runtime& pool);
    void confirmed(const pool_runtime& pool);
    /// The gateway leaves: nobody waits any longer.
    void close();

  private:
    /// A gate at which requests of this worker wait.
    struct watched {
        pin<runtime> config;  ///< keeps `pool`
        const pool_runtime* pool = nullptr;
        std::size_t waiting = 0;
    };

    static void on_tick(void* self);
    void wake(flowcontrol::released& gone);

    worker& worker_;
    std::unordered_map<const flowcontrol::gate*, watched> watched_;
    http::timer tick_;
};

}  // namespace weir::proxy
