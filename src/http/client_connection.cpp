#include "http/client_connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/strings.hpp"
#include "http/tcp.hpp"
#include "http/tls_client.hpp"

namespace weir::http {
namespace {

// One read. What a slow client does not take of it is all that is held of an answer: with the rest
// of a stream's state less than 64 KiB.
constexpr std::size_t read_size = 48 * 1024;

call_error connect_error(int code) {
    if (code == ECONNREFUSED) return call_error::connect_refused;
    if (code == ETIMEDOUT) return call_error::connect_timeout;
    return call_error::connect_failed;
}

/// What this machine lacks, whoever the peer is.
bool is_local(int code) {
    return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM ||
           code == EADDRNOTAVAIL || code == EAGAIN;
}

}  // namespace

client_connection::client_connection(client_context& context, connection_keeper& keeper,
                                     std::uint64_t peer_key)
    : context_(context),
      keeper_(keeper),
      peer_key_(peer_key),
      timer_(context.loop, &client_connection::on_timer, this) {
    ++context_.open;
}

client_connection::~client_connection() {
    if (stream_.is_open()) context_.loop.forget(stream_.fd(), *this);
    --context_.open;
}

void client_connection::connect(const address& peer, const tls_client* tls) {
    phase_ = phase::connecting;
    const int fd = ::socket(peer.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(call_error::connect_local, errno, "socket");
    auto* session = tls == nullptr ? nullptr : tls->open(fd, peer);
    stream_ = stream(fd, session);
    if (tls != nullptr && session == nullptr) return fail(call_error::connect_local, ENOMEM, "TLS");
    set_up_tcp(fd, peer);
    const int rc = ::connect(fd, peer.data(), peer.size());
    const int code = errno;
    context_.loop.watch(fd, *this);
    if (rc != 0 && code != EINPROGRESS) {
        return fail(is_local(code) ? call_error::connect_local : connect_error(code), code,
                    "connect");
    }
    if (context_.options.connect_timeout > duration::zero()) {
        timer_.arm(context_.options.connect_timeout);
    }
    if (rc == 0) on_connected();
}

void client_connection::begin(call& c, call_owner& owner, std::string_view method,
                              std::span<const std::string_view> pieces) {
    call_ = &c;
    owner_ = &owner;
    head_request_ = method == "HEAD";
    pieces_count_ = 0;
    for (const auto piece : pieces) {
        if (!piece.empty()) pieces_[pieces_count_++] = piece;
    }
    piece_ = 0;
    interim_ = 0;
    sent_any_ = false;
    received_any_ = false;
    paused_ = false;
    if (phase_ == phase::idle) {
        timer_.cancel();
        phase_ = phase::head;
        context_.loop.at_batch_end(*this, turn::upstream);
    }
}

void client_connection::on_batch_end() {
    if (phase_ == phase::head) send();
}

void client_connection::abandon() {
    call_ = nullptr;
    owner_ = nullptr;
    close();
}

void client_connection::close() {
    if (phase_ == phase::closed) return;
    phase_ = phase::closed;
    timer_.cancel();
    if (stream_.is_open()) context_.loop.forget(stream_.fd(), *this);
    stream_.close();
    keeper_.discard(*this);
}

void client_connection::set_paused(bool paused) {
    paused_ = paused;
    if (!paused && readable_ && !receiving_) receive();
}

bool client_connection::write(std::string_view bytes) {
    tunnel_->view(bytes);
    // A connection that broke is reported by the loop.
    return tunnel_->send(stream_) == output::progress::done;
}

void client_connection::on_io(std::uint32_t events) {
    if (phase_ == phase::connecting) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
        int code = 0;
        socklen_t size = sizeof code;
        ::getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &code, &size);
        if (code != 0) return fail(connect_error(code), code, "connect");
        on_connected();
        if (phase_ == phase::closed) return;
        events &= ~static_cast<std::uint32_t>(EPOLLOUT);
    }
    const bool input = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (phase_ == phase::idle) {
        // Bytes nobody asked for, or the end: either way nothing may follow on this connection.
        if (input) close();
        return;
    }
    // The same when a call has just taken the connection: what comes can be no answer to it.
    if (input && reused() && !sent_any_) return fail(call_error::closed, 0, "closed");
    // Through TLS, what is read may be what the writing waits for: the handshake.
    if (((events & EPOLLOUT) != 0 || stream_.is_tls()) && piece_ < pieces_count_) {
        send();
        if (phase_ == phase::closed) return;
    }
    if ((events & EPOLLOUT) != 0 && tunnel_ && tunnel_->pending() != 0 &&
        tunnel_->send(stream_) == output::progress::done) {
        owner_->on_writable();
        if (phase_ == phase::closed) return;
    }
    if (!input) return;
    readable_ = true;
    end_seen_ = end_seen_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!paused_ && !receiving_) receive();
}

void client_connection::on_connected() {
    timer_.cancel();
    phase_ = phase::head;
    send();
}

void client_connection::send() {
    while (piece_ < pieces_count_) {
        std::array<iovec, client_pool::max_pieces> out;
        int count = 0;
        std::size_t wanted = 0;
        for (std::size_t i = piece_; i < pieces_count_; ++i) {
            auto& v = out[static_cast<std::size_t>(count++)];
            v.iov_base = const_cast<char*>(pieces_[i].data());
            v.iov_len = pieces_[i].size();
            wanted += v.iov_len;
        }
        const auto did = stream_.write(out.data(), count);
        if (did.would_block()) return;
        if (did.code != 0) {
            // The peer may have answered before it closed: what it said counts more than our failed
            // write.
            piece_ = pieces_count_;
            keep_alive_ = false;
            readable_ = true;
            end_seen_ = true;
            if (!receiving_) receive();
            return;
        }
        sent_any_ = sent_any_ || did.count != 0;
        auto left = did.count;
        while (piece_ < pieces_count_ && left >= pieces_[piece_].size()) {
            left -= pieces_[piece_++].size();
        }
        if (piece_ < pieces_count_) pieces_[piece_].remove_prefix(left);
        // A short write means the socket is full; the loop tells when it is not.
        if (did.count < wanted) return;
    }
}

void client_connection::receive() {
    receiving_ = true;
    while (readable_ && !paused_ && phase_ != phase::closed && phase_ != phase::idle) {
        char* data = context_.loop.scratch();
        const auto did = stream_.read(data, read_size);
        if (did.would_block()) {
            readable_ = false;
            break;
        }
        if (did.count == 0) {
            readable_ = false;
            end_of_stream(did.code);
            break;
        }
        readable_ = did.more || end_seen_;
        received_any_ = true;
        feed(data, did.count);
        if (phase_ == phase::body && owner_ != nullptr) owner_->on_read_end();
    }
    receiving_ = false;
}

void client_connection::feed(char* data, std::size_t size) {
    while (size != 0 && phase_ == phase::head) {
        if (!feed_head(data, size)) return;
    }
    if (size != 0 && phase_ == phase::body)
        feed_body(data, size);
    else if (size != 0 && phase_ == phase::idle)
        close();
}

/// Takes one head off the front. False: nothing more to do with this read.
bool client_connection::feed_head(char*& data, std::size_t& size) {
    std::string_view bytes(data, size);
    if (!partial_.empty()) {
        partial_.append(data, size);
        bytes = partial_;
    }
    auto& head = context_.head;
    const auto outcome = parse_response(bytes, scanned_, head_request_ ? "HEAD" : "GET", head);
    if (outcome.what == head_outcome::kind::refused) {
        fail(call_error::protocol, 0, outcome.why.message);
        return false;
    }
    if (outcome.what == head_outcome::kind::incomplete) {
        if (partial_.empty()) partial_.assign(data, size);
        return false;
    }
    scanned_ = 0;
    // What follows the head lies in `data` in either case: the last read ended behind it.
    const auto rest = bytes.size() - outcome.consumed;
    data += size - rest;
    size = rest;
    const bool upgraded =
        head.status == 101 && call_->upgrades_ && iequals(head.fields.get("upgrade"), "websocket");
    if (head.status < 200 && !upgraded) {
        if (head.status == 101) {
            fail(call_error::protocol, 0, "101 that nobody asked for");
            return false;
        }
        if (++interim_ > context_.options.max_interim) {
            fail(call_error::protocol, 0, "too many interim responses");
            return false;
        }
        owner_->on_interim(head);
        // The partial text held this head; what follows it is parsed from the read itself.
        partial_.clear();
        return phase_ == phase::head;
    }
    framing_ = upgraded ? framing::until_close : head.body;
    left_ = head.content_length;
    keep_alive_ = head.keep_alive && !upgraded;
    if (upgraded) tunnel_ = std::make_unique<output>();
    decoder_ = {};
    trailers_.clear();
    phase_ = phase::body;
    const bool empty = framing_ == framing::none || (framing_ == framing::length && left_ == 0);
    owner_->on_head(head);
    partial_.clear();
    partial_.shrink_to_fit();
    if (phase_ != phase::body) return false;
    if (empty) {
        finish_body(size != 0);
        return false;
    }
    return true;
}

/// False when the connection is closed or the body has ended.
bool client_connection::feed_body(char* data, std::size_t size) {
    bool done = false;
    std::size_t used = size;
    std::size_t body = size;
    if (framing_ == framing::length) {
        body = used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
        left_ -= used;
        done = left_ == 0;
    } else if (framing_ == framing::chunked) {
        const auto portion = decoder_.decode(data, size, &trailers_);
        body = portion.body;
        used = portion.consumed;
        done = portion.done;
        if (portion.error != nullptr) {
            if (body != 0) owner_->on_data({data, body});
            if (phase_ == phase::body) fail(call_error::protocol, 0, portion.error);
            return false;
        }
    }
    if (body != 0) owner_->on_data({data, body});
    if (phase_ != phase::body) return false;
    if (done) finish_body(used != size);
    return !done;
}

void client_connection::finish_body(bool surplus) {
    auto* owner = std::exchange(owner_, nullptr);
    call_->connection_ = nullptr;
    call_ = nullptr;
    ++served_;
    // A connection is reused only when both messages ended exactly.
    if (keep_alive_ && !surplus && !end_seen_ && piece_ == pieces_count_) {
        go_idle();
    } else {
        close();
    }
    if (!trailers_.empty()) owner->on_trailers(std::exchange(trailers_, {}));
    owner->on_complete();
}

void client_connection::end_of_stream(int code) {
    if (phase_ == phase::body && framing_ == framing::until_close && code == 0) {
        keep_alive_ = false;
        finish_body(true);
        return;
    }
    if (phase_ == phase::head && received_any_) {
        return fail(call_error::protocol, code, "the answer ended within its head");
    }
    if (const auto why = stream_.tls_problem(); !why.empty())
        return fail(call_error::connect_failed, code, "TLS: " + std::string(why));
    if (code == 0) return fail(call_error::closed, 0, "closed");
    fail(code == ECONNRESET || code == EPIPE ? call_error::reset : call_error::connect_failed, code,
         std::strerror(code));
}

void client_connection::fail(call_error what, int code, std::string detail) {
    call_failure why;
    why.what = what;
    why.code = code;
    why.reused = served_ != 0;
    why.sent = sent_any_;
    why.received = received_any_;
    why.detail = std::move(detail);
    auto* owner = std::exchange(owner_, nullptr);
    if (call_ != nullptr) call_->connection_ = nullptr;
    call_ = nullptr;
    close();
    if (owner != nullptr) owner->on_failure(why);
}

void client_connection::go_idle() {
    phase_ = phase::idle;
    readable_ = false;
    timer_.arm(context_.options.idle_timeout);
    keeper_.keep(*this);
}

void client_connection::on_timer(void* self) {
    auto& c = *static_cast<client_connection*>(self);
    if (c.phase_ == phase::connecting)
        return c.fail(call_error::connect_timeout, ETIMEDOUT, "connect");
    if (c.phase_ == phase::idle) c.close();
}

}  // namespace weir::http
