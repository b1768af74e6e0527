#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "http/address.hpp"
#include "http/event_loop.hpp"
#include "sim/options.hpp"

namespace weir::sim {

/// One simulated model server: an OpenAI-compatible shell around one engine, on a loop that several
/// may share. Everything runs on the loop's thread; construction and `listen` may also happen
/// before the loop runs.
///
/// Beside the engine's own API it answers under `/sim/`: `GET /sim/state`, `GET`/`DELETE
/// /sim/requests`, `GET`/`POST`/`DELETE /sim/faults`, `POST`/`DELETE /sim/metrics`, `POST
/// /sim/reset`, `/sim/echo…`.
class simulator {
  public:
    simulator(http::event_loop& loop, const sim_options& options);
    ~simulator();
    simulator(const simulator&) = delete;
    simulator& operator=(const simulator&) = delete;

    /// Binds and accepts. Port 0 takes a free one. Fails with the system's error (port in use, …).
    result<void> listen(const http::address& where);
    /// Where it listens, once `listen` succeeded.
    const http::address& local() const;
    /// What `x-sim-endpoint` says.
    const std::string& name() const;
    /// No new connections; streams may end.
    void drain();

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace weir::sim
