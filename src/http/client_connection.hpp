#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/chunked.hpp"
#include "http/client.hpp"
#include "http/output.hpp"
#include "http/stream.hpp"

namespace weir::http {

/// What the connections of one pool share, and what they tell it.
struct client_context {
    event_loop& loop;
    client_options options;
    response_head head;  ///< one head is parsed at a time; views into it live during `on_head`
    std::size_t open = 0;
};

class client_connection;

/// Where a connection goes when its call is over.
class connection_keeper {
  public:
    /// The answer ended and the connection may serve again.
    virtual void keep(client_connection& c) = 0;
    /// The connection is closed; it is destroyed after the current batch of events.
    virtual void discard(client_connection& c) = 0;

  protected:
    ~connection_keeper() = default;
};

/// One connection to a peer and the HTTP/1.1 call on it. Heads are parsed and bodies handed over
/// straight from the loop's scratch memory, so an open stream holds no buffer.
class client_connection final : public io_source {
  public:
    client_connection(client_context& context, connection_keeper& keeper, std::uint64_t peer_key);
    ~client_connection() override;

    void connect(const address& peer, const tls_client* tls);
    void begin(call& c, call_owner& owner, std::string_view method,
               std::span<const std::string_view> pieces);
    /// The call lets go of the connection, which is closed unless it is between calls.
    void abandon();
    void close();

    void set_paused(bool paused);
    bool write(std::string_view bytes);
    bool reused() const { return served_ != 0; }
    bool received() const { return received_any_; }
    bool sent_all() const { return piece_ == pieces_count_; }
    std::uint64_t peer_key() const { return peer_key_; }

    // Links of the keeper's list of idle connections, newest first.
    client_connection* idle_previous = nullptr;
    client_connection* idle_next = nullptr;
    bool in_idle_list = false;

  private:
    enum class phase : std::uint8_t { connecting, idle, head, body, closed };

    void on_io(std::uint32_t events) override;
    void on_batch_end() override;
    void on_connected();
    void send();
    void receive();
    void feed(char* data, std::size_t size);
    bool feed_head(char*& data, std::size_t& size);
    bool feed_body(char* data, std::size_t size);
    void finish_body(bool surplus);
    void end_of_stream(int code);
    void fail(call_error what, int code, std::string detail);
    void go_idle();
    static void on_timer(void* self);

    client_context& context_;
    connection_keeper& keeper_;
    const std::uint64_t peer_key_;
    stream stream_;
    timer timer_;  ///< connect deadline, then idle deadline
    call* call_ = nullptr;
    call_owner* owner_ = nullptr;
    std::array<std::string_view, client_pool::max_pieces> pieces_;
    std::size_t pieces_count_ = 0;
    std::size_t piece_ = 0;  ///< first piece that is not wholly sent
    std::string partial_;    ///< of a head that came in several reads
    std::size_t scanned_ = 0;
    std::unique_ptr<output> tunnel_;  ///< behind a 101: what goes to the peer
    chunk_decoder decoder_;
    std::string trailers_;    ///< of the answer, once they come
    std::uint64_t left_ = 0;  ///< of a body with Content-Length
    std::uint64_t served_ = 0;
    std::uint32_t interim_ = 0;
    framing framing_ = framing::none;
    phase phase_ = phase::connecting;
    bool head_request_ = false;
    bool keep_alive_ = false;
    bool sent_any_ = false;
    bool received_any_ = false;
    bool readable_ = false;
    bool end_seen_ = false;  ///< the loop reported the peer's FIN
    bool paused_ = false;
    bool receiving_ = false;
};

}  // namespace weir::http
