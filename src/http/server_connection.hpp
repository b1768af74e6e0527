#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/buffer_pool.hpp"
#include "http/chunked.hpp"
#include "http/exchange.hpp"
#include "http/memory_grant.hpp"
#include "http/output.hpp"
#include "http/server.hpp"
#include "http/stream.hpp"
#include "http/tls.hpp"

namespace weir::http {

/// What is held while a request is being read or may still be replayed; pooled, so that idle
/// connections and long answers hold none of it.
struct inbound {
    request_head head;
    buffer in;                 ///< the head and whatever was read with it
    std::size_t head_end = 0;  ///< bytes of `in` that belong to the head
    std::size_t used = 0;      ///< bytes of `in` that belong to this request
    std::size_t scanned = 0;
    buffer body;  ///< a body that did not fit behind its head
    /// Read behind such a body: of the next request. `in` must not move while its head is in use.
    std::string ahead;

    bool holds_more() const { return used != in.size || !ahead.empty(); }
};

class server_connection;

/// What the connections of one server share.
struct server_context {
    server_context(event_loop& l, request_handler& h, const server_limits& m)
        : loop(l), handler(h), limits(m), grant(m.buffered_left) {}

    event_loop& loop;
    request_handler& handler;
    const server_limits& limits;
    address local;
    std::shared_ptr<const tls_context> tls;  ///< null: plain connections
    buffer_pool read_buffers{16 * 1024};
    large_buffer_pool large_buffers;  ///< bodies that do not fit behind their heads
    memory_grant grant;               ///< of server_limits::buffered_left
    std::vector<std::unique_ptr<inbound>> inbounds;
    std::vector<std::unique_ptr<output>> outputs;
    server_stats stats;
    connection_share* share = nullptr;
    bool draining = false;
    std::vector<server_connection*> connections;
    std::vector<server_connection*> graveyard;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);

    std::string_view date();  ///< IMF-fixdate of now, made once a second

    std::unique_ptr<inbound> take_inbound();
    void give(std::unique_ptr<inbound> in);
    void give_body(buffer body);
    std::unique_ptr<output> take_output();
    void give(std::unique_ptr<output> out);

  private:
    std::string date_text_;
    std::int64_t date_second_ = -1;
};

/// One client connection: reads requests one at a time, in order, and is their exchange.
class server_connection final : public exchange, public io_source {
  public:
    server_connection(server_context& context, int fd, const address& peer);
    ~server_connection() override;

    void start();
    /// Closes now when idle between requests, else after the current answer or the first one.
    void drain();
    void close();

    std::size_t index = 0;  ///< in server_context::connections

    // exchange
    event_loop& loop() override { return context_.loop; }
    const request_head& head() const override { return in_->head; }
    const address& peer() const override { return peer_; }
    const address& local() const override { return context_.local; }
    bool is_tls() const override { return stream_.is_tls(); }
    std::string_view server_name() const override { return stream_.server_name(); }
    time_point received_at() const override { return received_at_; }
    void set_owner(exchange_owner& owner) override { owner_ = &owner; }
    void read_body(std::size_t limit) override;
    void release_body() override;
    void release_request() override;
    void send_interim(int status, std::span<const field> fields) override;
    void begin(const answer_head& head) override;
    void write(std::string_view bytes) override;
    bool flush() override;
    void open_tunnel() override;
    void pause_tunnel(bool paused) override;
    void finish(std::string_view trailers) override;
    void abort() override;
    int detach() override;
    void answer(int status, std::span<const field> fields, std::string_view body) override;

  private:
    enum class phase : std::uint8_t {
        idle,       ///< between requests
        head,       ///< part of a head is there
        handling,   ///< the handler has the request
        body,       ///< the handler waits for the body
        tunnel,     ///< the client's bytes go to the handler as they come
        finishing,  ///< the answer is complete but not all sent
        lingering,  ///< FIN sent, the client's bytes are read and dropped
        closed,
    };

    void on_io(std::uint32_t events) override;
    void on_batch_end() override;
    void on_readable();
    bool read_more();
    void read_tunnel();
    bool looks_on() const;
    void parse();
    void refuse(const head_error& why);
    void body_arrived();
    bool body_complete() const;
    bool decode_chunks(std::size_t from);
    void body_too_large();
    bool reserve(std::size_t bytes);
    void unreserve();
    void deliver_body();
    void end_of_input();
    void gone();
    output& out();
    void send_last();
    void answer_done();
    void next_request();
    void linger();
    void on_timer();
    void arm(duration after);

    server_context& context_;
    std::shared_ptr<const tls_context> tls_;  ///< what the session of `stream_` refers to
    stream stream_;
    address peer_;
    timer timer_;
    time_point received_at_{};
    exchange_owner* owner_ = nullptr;
    std::unique_ptr<inbound> in_;
    std::unique_ptr<output> out_;
    chunk_decoder decoder_;
    std::size_t body_size_ = 0;  ///< body bytes read so far
    std::size_t body_limit_ = 0;
    std::int64_t reserved_ = 0;  ///< of server_limits::buffered_left
    std::size_t rate_mark_ = 0;  ///< body bytes at the last look of the rate timer
    std::size_t drained_ = 0;    ///< bytes dropped after a refusal
    std::uint64_t left_ = 0;     ///< of the answer's Content-Length
    phase phase_ = phase::idle;
    framing answer_framing_ = framing::none;
    bool body_read_ = false;  ///< the request's body is wholly read (or there is none)
    bool ended_ = false;
    bool close_after_ = false;
    bool http10_ = false;  ///< of the request; kept when its head is given back
    bool head_request_ = false;
    bool client_closes_ = false;
    bool no_body_ = false;  ///< of the answer: HEAD, 204, 304
    bool readable_ = false;
    bool end_seen_ = false;
    bool waiting_drain_ = false;
    bool tunnel_paused_ = false;
    bool served_any_ = false;
    bool parsing_ = false;
    bool draining_ = false;
};

}  // namespace weir::http
