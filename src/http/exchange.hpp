#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/address.hpp"
#include "http/event_loop.hpp"
#include "http/head.hpp"

namespace weir::http {

/// The answer's head as the application says it. Framing, `connection` and `date` are the
/// exchange's business: leave them out.
struct answer_head {
    int status = 200;
    std::string_view reason;        ///< empty: the standard phrase
    std::span<const field> fields;  ///< without framing and hop-by-hop fields
    framing body =
        framing::length;  ///< `length` needs content_length; `chunked` when it is not known
    std::uint64_t content_length = 0;
    bool close = false;  ///< close the connection after this answer
};

class exchange;

/// What a request's owner hears of its client. Called on the loop thread. After `on_gone` the
/// exchange must not be touched again.
class exchange_owner {
  public:
    virtual ~exchange_owner() = default;
    /// The whole body is there; `bytes` belong to the exchange until `release_body` and have at
    /// least 64 writable bytes behind them (simdjson's padding).
    virtual void on_body(std::span<char> bytes) = 0;
    /// What was queued for the client has been written; only after `write` or `flush` returned
    /// false.
    virtual void on_drained() {}
    /// What the client sent behind a 101; valid (and writable) during the call only.
    virtual void on_tunnel(std::span<char>) {}
    /// The client went away (FIN, reset, deadline) before the answer ended.
    virtual void on_gone() = 0;
    /// http refused the rest of the request (413, 408, bad chunk) and answers through
    /// `request_handler::refuse`. The exchange must not be touched again.
    virtual void on_refused() { on_gone(); }
};

/// One request and its answer, seen from the server side: HTTP/1.1 now, an HTTP/2 stream later. The
/// application holds a reference from `request_handler::handle` until it called `finish` or
/// `abort`, or was told `on_gone`. Loop thread only.
class exchange {
  public:
    virtual event_loop& loop() = 0;
    /// Valid until `release_request`, `finish` or `abort`.
    virtual const request_head& head() const = 0;
    virtual const address& peer() const = 0;
    /// The local address the connection was accepted on.
    virtual const address& local() const = 0;
    virtual bool is_tls() const = 0;
    /// The server name of the TLS handshake; empty when there was none.
    virtual std::string_view server_name() const { return {}; }
    /// When the first byte of the request was read.
    virtual time_point received_at() const = 0;

    /// Who hears of the client from now on. Must be set before `handle` returns unless the request
    /// was answered.
    virtual void set_owner(exchange_owner& owner) = 0;

    /// Reads the body to its end, at most `limit` bytes (else the exchange itself answers 413),
    /// then calls `on_body`, possibly before this returns. Sends `100 Continue` where the client
    /// waits for it.
    virtual void read_body(std::size_t limit) = 0;
    virtual void release_body() = 0;
    /// Gives back what the head and body held. Called when they cannot be needed again, for long
    /// streams.
    virtual void release_request() = 0;

    /// An interim answer (1xx) that is forwarded.
    virtual void send_interim(int status, std::span<const field> fields) = 0;
    virtual void begin(const answer_head& head) = 0;
    /// Body bytes; they are sent or copied before `flush` returns, so they must live until then.
    virtual void write(std::string_view bytes) = 0;
    /// Sends what `begin`, `write` and `finish` put down since the last flush. False: the client is
    /// slow, wait for `on_drained`, or for a later flush that says true.
    virtual bool flush() = 0;
    /// Behind a 101 that has begun: from now on the client's bytes come as `on_tunnel`.
    virtual void open_tunnel() = 0;
    /// Stops reading them until it is called with false: backpressure.
    virtual void pause_tunnel(bool paused) = 0;
    /// The answer is complete; flushes, and the exchange is gone. `trailers` are field lines, each
    /// with its CRLF; they are dropped where the answer is not chunked.
    virtual void finish(std::string_view trailers = {}) = 0;
    /// The answer cannot be completed: the connection is closed so that the client can tell.
    virtual void abort() = 0;
    /// Lets go of the connected socket and hands it to the caller, who closes it; what was not
    /// flushed is lost, and the exchange is gone. For a simulator that breaks the wire on purpose.
    /// -1: this exchange has no socket of its own; it was aborted.
    virtual int detach() {
        abort();
        return -1;
    }
    /// Head and whole body in one step, then `finish`.
    virtual void answer(int status, std::span<const field> fields, std::string_view body) = 0;

  protected:
    ~exchange() = default;
};

/// Takes requests as they come; one a listener.
class request_handler {
  public:
    virtual ~request_handler() = default;
    virtual void handle(exchange& ex) = 0;
    /// A head or body that http refused itself (syntax, limits, deadlines); answers in the
    /// application's own shape
    /// (`ex.answer`). `head` may be partly filled.
    virtual void refuse(exchange& ex, const head_error& why) = 0;
};

}  // namespace weir::http
