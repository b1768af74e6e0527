#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/subject.hpp"
#include "app/banner.hpp"
#include "app/data_sockets.hpp"
#include "app/options.hpp"
#include "app/service_manager.hpp"
#include "app/signals.hpp"
#include "app/tls_sockets.hpp"
#include "app/watcher.hpp"
#include "app/wiring.hpp"
#include "app/worker_thread.hpp"
#include "datalayer/pool_metrics.hpp"
#include "http/server.hpp"

namespace weir::app {

/// The running gateway: control thread, workers, sockets, admin. `run` blocks until a signal or a
/// failure and gives the exit code. Nothing is started before everything that can be checked has
/// been.
class process final : public admin::subject {
  public:
    explicit process(const serve_options& options);
    ~process() override;

    int run();
    /// Runs on the control thread once everything is up, before the loop; `demo` prints its lines
    /// here.
    std::function<void()> on_ready_to_run;
    /// Makes the line shown at the end of the start-up lines, from the first data address.
    std::function<std::string(const std::string& address)> hint;
    /// Instead of `run`: loads the configuration, scrapes every endpoint once and answers a
    /// POST /v1/explain with `document`. Gives the exit code; the answer goes to stdout.
    int explain(const std::string& document, bool as_json);
    http::event_loop& loop() { return loop_; }

    // admin::subject
    std::vector<admin::readiness_check> readiness() const override;
    std::shared_ptr<const proxy::runtime> runtime() const override { return published_.load(); }
    std::vector<admin::pool_facts> pools() const override;
    const datalayer::scraper& scraper() const override { return wiring_->scraper(); }
    std::vector<admin::data_address> addresses() const override;
    std::vector<admin::name_facts> names() const override { return wiring_->names(); }
    void collect(metrics::exposition& out) const override;
    proxy::traffic_sums traffic() const override;
    const admin::reload_report& last_reload() const override { return reload_; }
    bool draining() const override { return draining_; }
    double uptime_seconds() const override;
    std::string command_line() const override;
    std::string build_commit() const override;
    void decisions(std::size_t limit, std::string request_id,
                   std::function<void(std::vector<proxy::decision_record>)> done) override;
    admin::reload_report reload(bool dry) override;
    void drain() override;
    bool add_endpoint(std::string_view pool, config::endpoint_source source) override;
    bool remove_endpoint(std::string_view pool, std::string_view id) override;
    bool drain_endpoint(std::string_view pool, std::string_view id, bool draining) override;

  private:
    // Steps of the start; each says what is wrong and gives the exit code.
    int load_first();
    int prepare_tls();
    int bind_all();
    int bind_admin();
    int open_access_log();

    void connect_rooms();
    void start_workers();
    void hand_out(const socket_fds& sockets);
    void publish(std::shared_ptr<const proxy::runtime> next, tls_sockets tls,
                 const socket_fds& opened);
    void put_in_force(std::shared_ptr<const proxy::runtime> next);
    void on_signal(int number);
    void say_start();
    std::vector<pool_line> pool_lines() const;
    void say_missing_pool();
    void tick();
    void finish_drain();

    serve_options options_;
    std::atomic<std::int64_t> buffered_left_{0};
    http::event_loop loop_;
    std::unique_ptr<signals> signals_;
    std::unique_ptr<service_manager> service_manager_;  ///< null until the process serves
    std::unique_ptr<watcher> watcher_;
    std::unique_ptr<watcher> endpoints_watcher_;
    std::unique_ptr<wiring> wiring_;
    std::unique_ptr<datalayer::pool_metrics> pool_metrics_;
    snapshot<proxy::runtime> published_;
    proxy::proxy_settings settings_;
    proxy::label_caps caps_;
    std::unique_ptr<proxy::access_log> access_log_;
    http::server_limits admin_limits_;
    struct admin_server;
    std::unique_ptr<admin_server> admin_;
    std::vector<std::unique_ptr<worker_thread>> workers_;
    socket_fds bound_;  ///< sockets not yet handed to the workers
    data_sockets sockets_;
    tls_sockets tls_;            ///< of the configuration in force
    std::string admin_address_;  ///< bound; empty: off
    std::shared_ptr<const proxy::runtime> first_;
    std::vector<std::string> skipped_;
    admin::reload_report reload_;
    std::uint64_t reloads_ok_ = 0;
    std::uint64_t reloads_failed_ = 0;
    http::timer tick_;
    time_point started_{};
    time_point drain_started_{};
    time_point missing_said_{};
    std::uint64_t seed_ = 0;
    int signals_seen_ = 0;
    bool start_said_ = false;
    int exit_ = exit_ok;
    bool draining_ = false;
    bool cut_ = false;  ///< the drain timeout ran out and requests were cut
};

}  // namespace weir::app
