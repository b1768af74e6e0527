#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "http/address.hpp"
#include "http/event_loop.hpp"
#include "http/head.hpp"

namespace weir::http {

/// What became of a call that failed.
enum class call_error : std::uint8_t {
    connect_refused,
    connect_timeout,
    connect_failed,  ///< no route to the peer, …; errno in `call_failure::code`
    connect_local,   ///< no descriptor, no port: nothing that the peer is to blame for
    closed,          ///< FIN before or within the answer
    reset,           ///< RST before or within the answer
    protocol,        ///< not HTTP, or framing that RFC 9112 forbids
    timeout,         ///< first byte, stream idle or whole request, as armed by the caller
};

struct call_failure {
    call_error what = call_error::closed;
    int code = 0;           ///< errno, 0 when none
    bool reused = false;    ///< the connection had served a request before
    bool sent = false;      ///< at least one request byte was written
    bool received = false;  ///< at least one response byte was read
    std::string detail;     ///< for the log
};

/// Hears one call's answer. Loop thread. Exactly one of `on_complete` and `on_failure` ends a call
/// that was not cancelled.
class call_owner {
  public:
    virtual ~call_owner() = default;
    /// An interim head (1xx), before the final one.
    virtual void on_interim(const response_head&) {}
    /// Views are valid during the call only.
    virtual void on_head(const response_head& head) = 0;
    /// Body bytes, transfer coding removed; valid (and writable) during the call only.
    virtual void on_data(std::span<char> bytes) = 0;
    /// What `call::write` could not pass on at once has been written.
    virtual void on_writable() {}
    /// The trailer fields of a chunked answer that has some, as lines; right before `on_complete`.
    virtual void on_trailers(std::string_view) {}
    virtual void on_complete() = 0;
    virtual void on_failure(const call_failure& why) = 0;
    /// All that one read brought has been handed over; the place to flush. Not called after
    /// complete or failure.
    virtual void on_read_end() {}
};

class client_connection;
class tls_client;

/// One request on its way, and its answer. Owned by the caller; destroying it cancels the call and
/// closes the connection unless the answer was complete.
class call {
  public:
    call() = default;
    ~call() { cancel(); }
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    bool active() const { return connection_ != nullptr; }
    bool reused() const;
    /// A byte of the answer, an interim one included, has been read.
    bool received() const;
    /// The whole request has been handed to the socket: its bytes are not needed any more.
    bool sent_all() const;
    /// Stops reading the answer until `resume`: backpressure.
    void pause();
    void resume();
    /// The request asks for an upgrade: 101 is an answer, and its body lasts until one side closes.
    void expect_upgrade(bool on) { upgrades_ = on; }
    /// Bytes for the peer behind a 101. False: it is slow, wait for `on_writable`.
    bool write(std::string_view bytes);
    /// Closes the connection at once.
    void cancel();

  private:
    friend class client_connection;
    friend class client_pool;
    client_connection* connection_ = nullptr;
    bool upgrades_ = false;
};

struct client_options {
    duration connect_timeout = std::chrono::seconds(5);       ///< 0: off
    duration idle_timeout = std::chrono::milliseconds(4000);  ///< below vLLM's 5 s
    std::size_t max_idle_per_peer = 1024;
    std::size_t max_interim = 8;
};

/// Keep-alive connections of one loop to any number of peers. Loop thread only.
class client_pool {
  public:
    client_pool(event_loop& loop, const client_options& options);
    ~client_pool();
    client_pool(const client_pool&) = delete;
    client_pool& operator=(const client_pool&) = delete;

    /// Sends `pieces` (a head and up to three pieces of body, in one write when the socket takes
    /// it) to `peer`: on an idle connection, or a new one when there is none or `fresh`. The bytes
    /// must live until the answer's head or a failure has been reported. `peer_key` names the peer
    /// (two with one address may differ); `method` is the request's. The owner may be told of a
    /// failure before this returns. With `tls` a new connection begins with a handshake; a peer is
    /// always spoken to in the same way.
    static constexpr std::size_t max_pieces = 4;
    void start(call& c, call_owner& owner, std::uint64_t peer_key, const address& peer,
               std::string_view method, std::span<const std::string_view> pieces, bool fresh,
               const tls_client* tls = nullptr);

    /// Closes the idle connections of one peer (it left), or of all.
    void close_idle(std::uint64_t peer_key);
    void close_all_idle();
    std::size_t idle() const;
    std::size_t open() const;

  private:
    friend class client_connection;
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace weir::http
