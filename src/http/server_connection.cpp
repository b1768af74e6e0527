#include "http/server_connection.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/strings.hpp"
#include "http/tcp.hpp"

namespace weir::http {
namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t drain_limit = 256 * 1024;
constexpr duration rate_window = std::chrono::seconds(5);
constexpr int notsent_lowat = 64 * 1024;

}  // namespace

server_connection::server_connection(server_context& context, int fd, const address& peer)
    : context_(context),
      tls_(context.tls),
      stream_(fd, tls_ ? tls_->open(fd) : nullptr),
      peer_(peer),
      timer_(
          context.loop, [](void* self) { static_cast<server_connection*>(self)->on_timer(); },
          this) {}

server_connection::~server_connection() {
    if (stream_.is_open()) context_.loop.forget(stream_.fd(), *this);
}

void server_connection::start() {
    if (tls_ && !stream_.is_tls()) return close();  // no memory for a session: never plain instead
    set_up_tcp(stream_.fd(), peer_);
    ::setsockopt(stream_.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent_lowat,
                 sizeof notsent_lowat);
    context_.loop.watch(stream_.fd(), *this);
    arm(context_.limits.first_request_timeout);
}

void server_connection::drain() {
    draining_ = true;
    // One that has not spoken yet may have its first request under way.
    if (phase_ == phase::idle && served_any_) close();
}

void server_connection::close() {
    if (phase_ == phase::closed) return;
    phase_ = phase::closed;
    timer_.cancel();
    unreserve();
    if (stream_.is_open()) context_.loop.forget(stream_.fd(), *this);
    stream_.close();
    if (in_) context_.give(std::move(in_));
    if (out_) context_.give(std::move(out_));
    owner_ = nullptr;
    auto& all = context_.connections;
    all.back()->index = index;
    std::swap(all[index], all.back());
    all.pop_back();
    --context_.stats.open;
    if (context_.share != nullptr) context_.share->open.fetch_sub(1, std::memory_order_relaxed);
    context_.graveyard.push_back(this);
    if (context_.graveyard.size() == 1) {
        context_.loop.defer([alive = context_.alive, &context = context_] {
            if (!*alive) return;
            auto dead = std::move(context.graveyard);
            context.graveyard.clear();
            for (auto* c : dead) delete c;
        });
    }
}

void server_connection::arm(duration after) {
    if (after > duration::zero()) {
        timer_.arm(after);
    } else {
        timer_.cancel();
    }
}

// --- reading

void server_connection::on_io(std::uint32_t events) {
    if (phase_ == phase::closed) return;
    const bool writable = (events & (EPOLLOUT | EPOLLERR)) == EPOLLOUT;
    if (writable && out_ && out_->pending() != 0) {
        const auto p = out_->send(stream_);
        if (p == output::progress::broken) return gone();
        if (p == output::progress::done) {
            if (phase_ == phase::finishing) {
                answer_done();
                if (phase_ == phase::closed) return;
            } else if (waiting_drain_) {
                waiting_drain_ = false;
                timer_.cancel();
                if (owner_ != nullptr) owner_->on_drained();
                if (phase_ == phase::closed) return;
            }
        } else if (phase_ == phase::finishing || waiting_drain_) {
            // It took something. One that takes nothing for that long is as good as gone.
            arm(context_.limits.idle_timeout);
        }
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
    readable_ = true;
    end_seen_ = end_seen_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0 && phase_ == phase::finishing) return close();
    if ((events & (EPOLLHUP | EPOLLERR)) != 0 && phase_ == phase::tunnel) return gone();
    on_readable();
}

void server_connection::on_readable() {
    while (readable_) {
        switch (phase_) {
            case phase::idle:
            case phase::head:
            case phase::body:
            case phase::lingering:
                if (!read_more()) return;
                break;
            case phase::handling:
                // A client that closes behind a complete request has gone; bytes it sent ahead
                // wait.
                if (end_seen_ || stream_.ended_by_tls()) gone();
                return;
            case phase::tunnel:
                return read_tunnel();
            case phase::finishing:
            case phase::closed:
                return;
        }
    }
}

/// Hands over what comes through a tunnel, while the other side takes it.
void server_connection::read_tunnel() {
    while (readable_ && phase_ == phase::tunnel && !tunnel_paused_) {
        char* data = context_.loop.scratch();
        const auto did = stream_.read(data, read_size);
        if (did.would_block()) {
            readable_ = false;
            return;
        }
        if (did.count == 0) return gone();
        readable_ = did.more || end_seen_;
        owner_->on_tunnel({data, did.count});
    }
}

/// One read into the place the phase asks for. False: nothing more to read now, or the phase
/// changed hands.
bool server_connection::read_more() {
    char* data = nullptr;
    std::size_t room = 0;
    if (phase_ == phase::lingering) {
        data = context_.loop.scratch();
        room = read_size;
    } else if (phase_ == phase::body && in_->head.body == framing::chunked) {
        data = context_.loop.scratch();
        room = read_size;
    } else if (phase_ == phase::body && in_->body) {
        // A few bytes more than the body lacks: a read that ends short of them has drained the
        // socket, so none is spent on EAGAIN.
        data = in_->body.end();
        room = static_cast<std::size_t>(in_->head.content_length) - in_->body.size + buffer::slack;
    } else {
        if (!in_) in_ = context_.take_inbound();
        if (in_->in.room() == 0) {
            in_->in.grow(std::min(in_->in.capacity * 2, context_.limits.head.head + read_size));
        }
        data = in_->in.end();
        room = in_->in.room();
    }
    const auto did = stream_.read(data, room);
    if (did.would_block()) {
        readable_ = false;
        return false;
    }
    if (did.count == 0) {
        readable_ = false;
        end_of_input();
        return false;
    }
    readable_ = did.more || end_seen_;
    switch (phase_) {
        case phase::lingering:
            drained_ += did.count;
            if (drained_ >= drain_limit && !waiting_drain_) linger();
            return true;
        case phase::body:
            if (in_->head.body == framing::chunked) {
                body_size_ += did.count;
                const auto portion = decoder_.decode(data, did.count);
                if (portion.error != nullptr) {
                    refuse(
                        {400, "bad-request", std::string("malformed request: ") + portion.error});
                    return false;
                }
                auto& body = in_->body;
                if (body.size + portion.body > body_limit_) {
                    body_too_large();
                    return false;
                }
                if (!reserve(portion.body)) return false;
                if (body.room() < portion.body) {
                    body.grow(std::max(body.capacity * 2, body.size + portion.body));
                }
                std::memcpy(body.end(), data, portion.body);
                body.size += portion.body;
                body_read_ = portion.done;
                in_->ahead.append(data + portion.consumed, did.count - portion.consumed);
            } else if (in_->body) {
                const auto part = std::min(did.count, room - buffer::slack);
                body_size_ += part;
                in_->body.size += part;
                in_->ahead.append(data + part, did.count - part);
            } else {
                body_size_ += did.count;
                in_->in.size += did.count;
            }
            body_arrived();
            return looks_on();
        default:
            in_->in.size += did.count;
            if (phase_ == phase::idle) {
                received_at_ = context_.loop.now();
                phase_ = phase::head;
                timer_.cancel();
            }
            parse();
            return looks_on();
    }
}

/// More is wanted, or the client's end may stand behind what was read.
bool server_connection::looks_on() const {
    return phase_ == phase::idle || phase_ == phase::head || phase_ == phase::body ||
           (phase_ == phase::handling && (end_seen_ || stream_.is_tls()));
}

void server_connection::end_of_input() {
    switch (phase_) {
        case phase::handling:
        case phase::body:
            return gone();
        default:
            return close();
    }
}

/// Takes requests off the buffer while they are complete and answered at once.
void server_connection::parse() {
    parsing_ = true;
    while ((phase_ == phase::head || phase_ == phase::idle) && in_ && in_->in.size != 0) {
        if (phase_ == phase::idle) {
            received_at_ = context_.loop.now();
            phase_ = phase::head;
            timer_.cancel();
        }
        auto& in = *in_;
        const auto outcome = parse_request({in.in.data.get(), in.in.size}, in.scanned,
                                           context_.limits.head, in.head);
        if (outcome.what == head_outcome::kind::incomplete) {
            if (!timer_.armed()) arm(context_.limits.head_timeout);
            break;
        }
        timer_.cancel();
        if (outcome.what == head_outcome::kind::refused) {
            refuse(outcome.why);
            break;
        }
        in.head_end = in.used = outcome.consumed;
        body_read_ = in.head.body == framing::none;
        http10_ = in.head.version_minor == 0;
        head_request_ = in.head.method == "HEAD";
        client_closes_ = !in.head.keep_alive;
        ++context_.stats.requests;
        phase_ = phase::handling;
        context_.handler.handle(*this);
    }
    parsing_ = false;
}

void server_connection::refuse(const head_error& why) {
    ++context_.stats.refused;
    if (phase_ == phase::head && in_) {
        if (in_->head.fields.size() == 0) {
            salvage_fields({in_->in.data.get(), in_->in.size}, in_->head);
        }
        body_read_ = true;  // what follows such a head is no body: nothing is waited for
    }
    phase_ = phase::handling;
    timer_.cancel();
    close_after_ = true;
    if (auto* owner = std::exchange(owner_, nullptr)) owner->on_refused();
    context_.handler.refuse(*this, why);
    if (phase_ == phase::handling && !ended_) close();
}

// --- bodies

void server_connection::read_body(std::size_t limit) {
    auto& in = *in_;
    body_limit_ = limit;
    body_size_ = rate_mark_ = 0;
    if (body_read_) return deliver_body();
    const auto available = in.in.size - in.head_end;
    if (in.head.body == framing::length) {
        if (in.head.content_length > limit) return body_too_large();
        const auto length = static_cast<std::size_t>(in.head.content_length);
        body_size_ = std::min(available, length);
        if (!reserve(length)) return;
        if (in.head_end + length > in.in.capacity) {
            in.body = context_.large_buffers.take(length);
            std::memcpy(in.body.data.get(), in.in.data.get() + in.head_end, available);
            in.body.size = available;
            in.used = in.in.size;
        } else {
            in.used = in.head_end + length;
        }
    } else {
        in.body = context_.read_buffers.take();
        if (!decode_chunks(in.head_end)) return;
    }
    if (!body_complete() && in.head.expect_continue && available == 0) {
        out().text() += "HTTP/1.1 100 Continue\r\n\r\n";
        out_->send(stream_);
    }
    phase_ = phase::body;
    body_arrived();
    if (phase_ != phase::body) return;
    if (context_.limits.body_min_rate != 0) arm(rate_window);
    if (!parsing_ && readable_) on_readable();
}

/// Decodes what came with the head. False when it was refused.
bool server_connection::decode_chunks(std::size_t from) {
    auto& in = *in_;
    decoder_ = {};
    const auto size = in.in.size - from;
    const auto portion = decoder_.decode(in.in.data.get() + from, size);
    if (portion.error != nullptr) {
        refuse({400, "bad-request", std::string("malformed request: ") + portion.error});
        return false;
    }
    if (portion.body > body_limit_) {
        body_too_large();
        return false;
    }
    if (!reserve(portion.body)) return false;
    if (in.body.room() < portion.body) in.body.grow(portion.body);
    std::memcpy(in.body.data.get(), in.in.data.get() + from, portion.body);
    in.body.size = portion.body;
    in.used = from + portion.consumed;
    body_size_ = size;
    body_read_ = portion.done;
    return true;
}

bool server_connection::body_complete() const {
    if (body_read_) return true;
    if (in_->head.body == framing::chunked) return false;
    return body_size_ >= in_->head.content_length;
}

void server_connection::body_arrived() {
    if (!body_complete()) return;
    body_read_ = true;
    timer_.cancel();
    phase_ = phase::handling;
    deliver_body();
}

void server_connection::deliver_body() {
    auto& in = *in_;
    std::span<char> bytes;
    if (in.body) {
        bytes = {in.body.data.get(), in.body.size};
    } else if (in.head.body == framing::length) {
        bytes = {in.in.data.get() + in.head_end, static_cast<std::size_t>(in.head.content_length)};
    }
    if (owner_ != nullptr) owner_->on_body(bytes);
}

void server_connection::body_too_large() {
    refuse({413, "body-too-large",
            "request body larger than " + std::to_string(body_limit_) + " bytes (--max-body)"});
}

/// Takes from the budget that all bodies share. False: refused.
bool server_connection::reserve(std::size_t bytes) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (context_.grant.take(wanted)) {
        reserved_ += wanted;
        return true;
    }
    refuse({503, "overloaded",
            "request bodies held together would exceed " +
                std::to_string(context_.limits.max_buffered) + " bytes (--max-buffered)"});
    return false;
}

void server_connection::unreserve() {
    if (reserved_ == 0) return;
    context_.grant.give(std::exchange(reserved_, 0));
}

void server_connection::release_body() {
    unreserve();
    if (!in_ || !in_->body) return;
    context_.give_body(std::move(in_->body));
    in_->body = {};
}

void server_connection::release_request() {
    release_body();
    if (in_ && !in_->holds_more() && body_read_) context_.give(std::move(in_));
}

void server_connection::on_timer() {
    switch (phase_) {
        case phase::idle:
            return close();
        case phase::head:
            return refuse(
                {408, "request-timeout", "request head not complete in time (--head-timeout)"});
        case phase::body:
            if (body_size_ - rate_mark_ <
                context_.limits.body_min_rate *
                    static_cast<std::size_t>(rate_window / std::chrono::seconds(1))) {
                return refuse({408, "request-timeout", "request body slower than --body-min-rate"});
            }
            rate_mark_ = body_size_;
            return arm(rate_window);
        case phase::handling:
        case phase::tunnel:
            return gone();
        case phase::lingering:
            if (!waiting_drain_) return linger();
            return close();
        case phase::finishing:
            return close();
        case phase::closed:
            return;
    }
}

}  // namespace weir::http
