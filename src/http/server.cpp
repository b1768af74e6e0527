#include "http/server.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "base/log.hpp"
#include "http/server_connection.hpp"

namespace weir::http {
namespace {

constexpr int accepts_per_event = 64;
constexpr int backlog = 4096;
constexpr duration accept_pause = std::chrono::milliseconds(100);
constexpr duration said_again_after = std::chrono::minutes(1);

}  // namespace

std::string_view server_context::date() {
    const auto second = std::time(nullptr);
    if (second != date_second_) {
        std::tm utc{};
        gmtime_r(&second, &utc);
        char text[40];
        const auto n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        date_text_.assign(text, n);
        date_second_ = second;
    }
    return date_text_;
}

std::unique_ptr<inbound> server_context::take_inbound() {
    std::unique_ptr<inbound> out;
    if (inbounds.empty()) {
        out = std::make_unique<inbound>();
    } else {
        out = std::move(inbounds.back());
        inbounds.pop_back();
    }
    out->in = read_buffers.take();
    out->head_end = out->used = out->scanned = 0;
    return out;
}

void server_context::give(std::unique_ptr<inbound> in) {
    read_buffers.give(std::move(in->in));
    give_body(std::exchange(in->body, {}));
    in->ahead.clear();
    in->in = {};
    in->body = {};
    if (inbounds.size() < 256) inbounds.push_back(std::move(in));
}

std::unique_ptr<output> server_context::take_output() {
    if (outputs.empty()) return std::make_unique<output>();
    auto out = std::move(outputs.back());
    outputs.pop_back();
    return out;
}

void server_context::give_body(buffer body) {
    if (body.capacity == read_buffers.buffer_size()) {
        read_buffers.give(std::move(body));
    } else {
        large_buffers.give(std::move(body));
    }
}

void server_context::give(std::unique_ptr<output> out) {
    out->clear();
    if (outputs.size() < 256) outputs.push_back(std::move(out));
}

struct server::impl final : io_source {
    impl(event_loop& loop, int fd, request_handler& handler, const server_limits& limits)
        : context(loop, handler, limits),
          listen_fd(fd),
          resume(
              loop, [](void* self) { static_cast<impl*>(self)->resume_accepting(); }, this) {
        sockaddr_storage sa{};
        socklen_t size = sizeof sa;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&sa), &size);
        context.local = address::from(reinterpret_cast<const sockaddr*>(&sa), size);
    }

    ~impl() override {
        stop();
        while (!context.connections.empty()) context.connections.back()->close();
        *context.alive = false;
        for (auto* c : context.graveyard) delete c;
    }

    /// Clients that the kernel has already let in are served; the rest are refused from now on.
    void stop_accepting() {
        for (auto seen = ~context.stats.accepted; seen != context.stats.accepted;) {
            seen = context.stats.accepted;
            on_io(0);
        }
        stop();
    }

    void stop() {
        if (listen_fd < 0) return;
        if (watched) context.loop.forget(listen_fd, *this);
        ::close(std::exchange(listen_fd, -1));
    }

    void on_io(std::uint32_t) override {
        for (int i = 0; i < accepts_per_event && listen_fd >= 0; ++i) {
            if (is_full()) return pause_accepting();
            sockaddr_storage sa{};
            socklen_t size = sizeof sa;
            const int fd = ::accept4(listen_fd, reinterpret_cast<sockaddr*>(&sa), &size,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) {
                const auto peer = address::from(reinterpret_cast<const sockaddr*>(&sa), size);
                if (!elsewhere || !elsewhere(fd, peer)) adopt(fd, peer);
                continue;
            }
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                pause_accepting();
            }
            if (errno == ECONNABORTED || errno == EINTR) continue;
            return;
        }
    }

    bool is_full() const {
        return context.share != nullptr &&
               context.share->open.load(std::memory_order_relaxed) >= context.share->most;
    }

    /// Out of descriptors: let the kernel queue for a while instead of spinning.
    void pause_accepting() {
        ++context.stats.pauses;
        context.loop.modify_level(listen_fd, *this, 0);
        resume.arm(accept_pause);
        const auto now = context.loop.now();
        if (said_full != time_point{} && now - said_full < said_again_after) return;
        said_full = now;
        log::warning("no descriptor is left for another client: accepting rests",
                     {{"listener", context.local.authority()},
                      {"open", context.stats.open},
                      {"cure", "raise the limit of open files (ulimit -n)"}});
    }

    void resume_accepting() {
        if (listen_fd >= 0) context.loop.modify_level(listen_fd, *this, EPOLLIN);
    }

    void adopt(int fd, const address& peer) {
        auto* c = new server_connection(context, fd, peer);
        c->index = context.connections.size();
        context.connections.push_back(c);
        ++context.stats.accepted;
        ++context.stats.open;
        if (context.share != nullptr) context.share->open.fetch_add(1, std::memory_order_relaxed);
        c->start();
    }

    server_context context;
    int listen_fd;
    bool watched = false;
    timer resume;
    server::hand_over elsewhere;
    time_point said_full{};
};

server::server(event_loop& loop, int listen_fd, request_handler& handler,
               const server_limits& limits)
    : impl_(std::make_unique<impl>(loop, listen_fd, handler, limits)) {}

server::~server() = default;

void server::start() {
    impl_->context.loop.watch_level(impl_->listen_fd, *impl_, EPOLLIN);
    impl_->watched = true;
}

void server::join(connection_share& share, hand_over elsewhere) {
    impl_->context.share = &share;
    impl_->elsewhere = std::move(elsewhere);
}

void server::set_tls(std::shared_ptr<const tls_context> tls) {
    impl_->context.tls = std::move(tls);
}

void server::stop_accepting() { impl_->stop_accepting(); }

void server::drain() {
    impl_->context.draining = true;
    const auto all = impl_->context.connections;
    for (auto* c : all) c->drain();
}

void server::abort_all() {
    while (!impl_->context.connections.empty()) impl_->context.connections.back()->close();
}

const address& server::local() const { return impl_->context.local; }
server_stats server::stats() const { return impl_->context.stats; }
void server::adopt(int fd, const address& peer) { impl_->adopt(fd, peer); }

result<int> bind_to(const address& where, bool shared) {
    const auto failed = [](int fd) {
        const error_code ec(errno, boost::system::generic_category());
        if (fd >= 0) ::close(fd);
        return ec;
    };
    const int fd = ::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(fd);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (where.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, where.data(), where.size()) != 0) return failed(fd);
    return fd;
}

result<void> start_listening(int fd) {
    if (::listen(fd, backlog) == 0) return {};
    return error_code(errno, boost::system::generic_category());
}

result<int> listen_on(const address& where, bool shared) {
    auto fd = bind_to(where, shared);
    if (!fd) return fd;
    if (const auto listening = start_listening(*fd); !listening) {
        ::close(*fd);
        return listening.error();
    }
    return fd;
}

std::uint16_t local_port(int fd) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    auto* sa = reinterpret_cast<sockaddr*>(&bound);
    return ::getsockname(fd, sa, &size) == 0 ? address::from(sa, size).port() : std::uint16_t{0};
}

}  // namespace weir::http
