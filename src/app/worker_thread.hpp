#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/server.hpp"
#include "proxy/director.hpp"
#include "proxy/worker.hpp"

namespace weir::app {

/// Address and port of a data socket, as the configuration names it.
using socket_key = std::pair<std::string, std::uint16_t>;

/// One worker: a thread, its loop, its share of every data socket. Public functions may be called
/// by the control thread.
class worker_thread {
  public:
    worker_thread(const snapshot<proxy::runtime>& source, const proxy::proxy_settings& settings,
                  const http::server_limits& limits, const http::client_options& client,
                  proxy::label_caps& caps, std::uint64_t seed, std::uint32_t number,
                  proxy::access_log* log);
    ~worker_thread();
    worker_thread(const worker_thread&) = delete;
    worker_thread& operator=(const worker_thread&) = delete;

    /// The workers it shares connections with, itself among them, and how many it may hold. Before
    /// `start`.
    void join(const std::vector<std::unique_ptr<worker_thread>>& all, std::uint32_t most);
    void start();
    /// Ends the loop and joins; open connections are closed.
    void stop();

    /// Takes over a listening socket. With `tls` it speaks TLS.
    void add_listener(const socket_key& key, int fd, std::shared_ptr<const http::tls_context> tls);
    /// New certificates for new connections; null: plain.
    void set_tls(const socket_key& key, std::shared_ptr<const http::tls_context> tls);
    void remove_listener(const socket_key& key);
    /// After a new snapshot: forgets what belongs to pools that are gone.
    void sweep();
    /// Closes the listening sockets and idle connections; the others end with their answers.
    void drain();
    /// The drain timeout ran out: tells every client whose answer is under way, and cuts it.
    void cut_requests();

    http::event_loop& loop() { return loop_; }
    proxy::worker& proxy() { return proxy_; }
    const proxy::telemetry& numbers() const { return proxy_.numbers; }

    /// Copies of the newest records, or those of one request. Worker thread.
    std::vector<proxy::decision_record> copy_decisions(std::size_t limit,
                                                       const std::string& request_id);

    /// Brought up to date by `update_counts`.
    std::atomic<std::uint64_t> open_connections{0};
    std::atomic<std::uint64_t> active_requests{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> accept_pauses{0};
    std::atomic<std::uint64_t> upstream_open{0};
    std::atomic<std::uint64_t> upstream_idle{0};
    void update_counts();

  private:
    struct listener {
        proxy::director director;
        http::server server;
        listener(proxy::worker& w, const socket_key& key, int fd, http::event_loop& loop,
                 const http::server_limits& limits)
            : director(w, key.first, key.second), server(loop, fd, director, limits) {}
    };

    bool hand_over(const socket_key& key, int fd, const http::address& peer);
    void take_over(const socket_key& key, int fd, const http::address& peer);

    http::event_loop loop_;
    http::connection_share share_;
    const std::vector<std::unique_ptr<worker_thread>>* all_ = nullptr;
    const http::server_limits& limits_;
    proxy::worker proxy_;
    std::map<socket_key, std::unique_ptr<listener>> listeners_;
    /// No new connections; the old ones end by themselves.
    std::vector<std::unique_ptr<listener>> leaving_;
    std::thread thread_;
};

}  // namespace weir::app
