#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"
#include "config/diagnostics.hpp"
#include "datalayer/endpoint_pool.hpp"
#include "datalayer/scraper.hpp"
#include "proxy/decision_ring.hpp"
#include "proxy/runtime.hpp"
#include "proxy/telemetry.hpp"

/// What the admin API shows and does. `app` implements it; `admin` renders it. Control thread.
namespace weir::admin {

/// One line of /readyz?verbose.
struct readiness_check {
    std::string name;
    bool ok = false;
    std::string detail;  ///< why not, or what is known
    bool needed = true;  ///< false: told, but no reason to be not ready
};

/// The last load of the configuration.
struct reload_report {
    bool ok = true;
    std::int64_t unix_ms = 0;
    std::uint64_t version = 0;  ///< of the snapshot in force
    config::findings found;
    std::string sentence;  ///< `3 errors; the configuration of … stays in force`
};

/// One living pool or Service.
struct pool_facts {
    std::string id;
    const datalayer::endpoint_pool* endpoints = nullptr;
    const proxy::pool_runtime* runtime = nullptr;  ///< null for a Service
};

struct data_address {
    std::string address;   ///< `ip:port` that is bound
    std::string gateways;  ///< names of the listeners on it
    bool tls = false;
};

/// One DNS name that endpoints are made of.
struct name_facts {
    std::string name;
    std::vector<std::string> addresses;
    std::string error;  ///< of the last lookup; empty: it was good, or there was none yet
};

class subject {
  public:
    virtual ~subject() = default;

    virtual std::vector<readiness_check> readiness() const = 0;
    virtual std::shared_ptr<const proxy::runtime> runtime() const = 0;
    virtual std::vector<pool_facts> pools() const = 0;
    virtual const datalayer::scraper& scraper() const = 0;
    virtual std::vector<name_facts> names() const { return {}; }
    virtual std::vector<data_address> addresses() const = 0;
    virtual void collect(metrics::exposition& out) const = 0;
    virtual proxy::traffic_sums traffic() const { return {}; }
    virtual const reload_report& last_reload() const = 0;
    virtual bool draining() const = 0;
    virtual double uptime_seconds() const = 0;
    virtual std::string command_line() const = 0;            ///< effective flags, no secrets
    virtual std::string build_commit() const { return {}; }  ///< empty: not known

    /// Copies of the newest records of all workers, newest first, at most `limit`; with an id only
    /// that request's. The function is called later, on the control thread.
    virtual void decisions(std::size_t limit, std::string request_id,
                           std::function<void(std::vector<proxy::decision_record>)> done) = 0;

    /// Loads the configuration again; with `dry` it is checked against the running one and not put
    /// in force.
    virtual reload_report reload(bool dry) = 0;
    virtual void drain() = 0;

    // POST /v1/endpoints; false: no such pool or endpoint.
    virtual bool add_endpoint(std::string_view pool, config::endpoint_source source) = 0;
    virtual bool remove_endpoint(std::string_view pool, std::string_view id) = 0;
    virtual bool drain_endpoint(std::string_view pool, std::string_view id, bool draining) = 0;
};

}  // namespace weir::admin
