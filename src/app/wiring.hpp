#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/subject.hpp"
#include "config/diagnostics.hpp"
#include "config/model.hpp"
#include "datalayer/dns.hpp"
#include "datalayer/endpoint_pool.hpp"
#include "datalayer/engine_catalog.hpp"
#include "datalayer/file_discovery.hpp"
#include "datalayer/gpu_telemetry.hpp"
#include "datalayer/model_lists.hpp"
#include "datalayer/prober.hpp"
#include "datalayer/scraper.hpp"
#include "flowcontrol/gate.hpp"
#include "flowcontrol/sd_environment.hpp"
#include "http/event_loop.hpp"
#include "proxy/runtime.hpp"

namespace weir::app {

struct wiring_options {
    std::optional<scheduling::preset> preset;
    duration refresh = std::chrono::milliseconds(50);
    double scrape_cpu = 0.1;
    datalayer::health_options health;
    std::uint64_t seed = 0;
    flowcontrol::sd_environment environment;
    std::optional<http::address> admin;  ///< where the admin API listens: no endpoint may be there
};

/// Which of the two built-in configurations a pool without its own gets: the reference's where it
/// names a picker, else weir's; `forced` decides for all.
scheduling::preset preset_for(const config::pool& pool, std::optional<scheduling::preset> forced);

/// Builds every picker, reads every endpoints file and drops both again; what is wrong lands in
/// `found` with its place. Also for a model that has other errors, so that one pass reports them
/// all.
void check_parts(const config::model& model, std::optional<scheduling::preset> preset,
                 config::findings& found, config::pipe_rule pipes);

/// One pool with everything of it that outlives a snapshot. Control thread.
struct living_pool {
    std::string id;
    std::uint64_t serial = 0;
    bool service = false;
    std::shared_ptr<datalayer::endpoint_pool> endpoints;
    std::unique_ptr<datalayer::model_lists> models;  ///< null for a Service
    std::unique_ptr<datalayer::gpu_telemetry> gpus;  ///< as `models`
    std::shared_ptr<const datalayer::engine_catalog> catalog;
    std::shared_ptr<const scheduling::pipeline> pipeline;
    std::shared_ptr<flowcontrol::gate> flow;  ///< null: the gate `flowControl` is off
    std::string endpoints_file;               ///< path; empty: none
    bool watch_endpoints_file = false;
};

/// A configuration that is right as a whole, before anything living learns of it.
struct prepared_runtime {
    std::shared_ptr<const config::model> model;
    std::shared_ptr<const gateway::table> table;
    std::vector<std::shared_ptr<living_pool>> pools;  ///< one a pool of the model, as the next two
    std::vector<std::shared_ptr<const scheduling::pipeline>> pipelines;
    /// What the endpoints file says; nothing: what was read last stays.
    std::vector<std::optional<std::vector<config::endpoint_source>>> from_files;
};

/// Turns resolved configurations into running ones, and keeps what lives across them: endpoints,
/// scraping, probes, names. Control thread.
class wiring {
  public:
    wiring(http::event_loop& loop, wiring_options options);
    ~wiring();
    wiring(const wiring&) = delete;
    wiring& operator=(const wiring&) = delete;

    /// Nothing when a picker or an endpoints file is wrong: `found` says where. Changes nothing, so
    /// that what fails after it, such as a bind, leaves the running configuration as it was.
    std::optional<prepared_runtime> prepare(std::shared_ptr<const config::model> model,
                                            config::findings& found, config::pipe_rule pipes);
    std::shared_ptr<const proxy::runtime> commit(prepared_runtime next);

    /// Reads the watched endpoints files again; the rest of the configuration stays as it is.
    void read_endpoints_files();

    const std::vector<std::shared_ptr<living_pool>>& pools() const { return pools_; }
    /// What workers noted since the last tick becomes states now.
    void judge_endpoints();
    living_pool* find(std::string_view id);
    /// Every DNS name in use and what it stands for.
    std::vector<admin::name_facts> names() const;
    datalayer::scraper& scraper() { return scraper_; }
    const datalayer::scraper& scraper() const { return scraper_; }

  private:
    std::shared_ptr<living_pool> keep(std::string id, bool service, const std::string& name_space,
                                      const std::string& name);
    void take_pool(prepared_runtime& next, std::size_t index, proxy::pool_runtime& into);
    void tick();
    void scrape();
    void resolved(const std::string& host, const std::vector<std::string>& ips);

    http::event_loop& loop_;
    const time_point started_;
    const wiring_options options_;
    datalayer::scraper scraper_;
    datalayer::prober prober_;
    datalayer::dns_resolver resolver_;
    const std::shared_ptr<datalayer::own_sockets> own_ = std::make_shared<datalayer::own_sockets>();
    std::vector<std::shared_ptr<living_pool>> pools_;
    std::uint64_t next_serial_ = 1;
    std::uint64_t version_ = 0;
    bool environment_said_ = false;
    http::timer tick_;
};

}  // namespace weir::app
