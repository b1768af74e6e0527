#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/address.hpp"
#include "http/exchange.hpp"
#include "http/tls.hpp"

namespace weir::http {

/// Limits and deadlines towards clients; the flag that sets each is named in refusals.
struct server_limits {
    head_limits head;
    std::size_t max_body = std::size_t{64} << 20;
    duration head_timeout = std::chrono::seconds(10);           ///< first byte to complete head
    duration first_request_timeout = std::chrono::seconds(20);  ///< a connection that never speaks
    /// Between requests; also how long a client may take nothing of its answer.
    duration idle_timeout = std::chrono::seconds(60);
    std::size_t max_buffered = std::size_t{1} << 30;  ///< all bodies held together, for messages
    /// What is left of `max_buffered`, shared by all servers; null: no bound.
    std::atomic<std::int64_t>* buffered_left = nullptr;
    std::size_t body_min_rate = 240;  ///< bytes/s after 5 s; 0 off
};

struct server_stats {
    std::uint64_t accepted = 0;
    std::uint64_t open = 0;
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;
    std::uint64_t pauses = 0;  ///< times that accepting rested for want of descriptors
};

/// The connections of one worker over all its servers.
struct connection_share {
    std::atomic<std::uint32_t> open{0};  ///< any thread may read it
    /// Beyond it accepting rests, so that descriptors are left for what is under way.
    std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
};

/// Accepts connections of one listening socket on one loop and parses requests off them. Loop
/// thread only, but for the constructor.
class server {
  public:
    /// `listen_fd` becomes the server's own. `handler` and `limits` outlive it.
    server(event_loop& loop, int listen_fd, request_handler& handler, const server_limits& limits);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    void start();
    /// New connections begin with a TLS handshake and these certificates; null: they are plain.
    void set_tls(std::shared_ptr<const tls_context> tls);
    /// Counts into `share`, which outlives the server, and offers each accepted socket to
    /// `hand_over` first: true when another worker has taken it.
    using hand_over = std::function<bool(int fd, const address& peer)>;
    void join(connection_share& share, hand_over elsewhere);
    /// No new connections but those the kernel has already accepted; the socket is closed.
    void stop_accepting();
    /// Closes idle connections, and the others after their current answer.
    void drain();
    /// Closes everything at once.
    void abort_all();

    const address& local() const;
    server_stats stats() const;
    /// Takes over a connected socket (accepted elsewhere).
    void adopt(int fd, const address& peer);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A bound, listening, non-blocking socket. `shared` sets SO_REUSEPORT (several workers on one
/// port).
result<int> listen_on(const address& where, bool shared);
/// Its two halves: what is bound and does not listen yet refuses connects and keeps the port.
result<int> bind_to(const address& where, bool shared);
result<void> start_listening(int fd);

/// The port a bound socket has; 0 when it has none.
std::uint16_t local_port(int fd);

}  // namespace weir::http
