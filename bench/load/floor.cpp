// The floor under every proxy: pairs each client connection with an upstream one, in turn, and
// moves bytes. It reads no HTTP, so no proxy that routes requests can cost less.

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "net.hpp"

namespace {

/// One end of a pair. `unsent` waits until this end can be written; until then the other end is not
/// read.
struct side {
    int fd = -1;
    side* other = nullptr;
    std::string unsent;
    bool over = false;  ///< no more bytes come for this end: close once `unsent` is gone
    bool connecting = false;
};

class forwarder {
  public:
    forwarder(const sockaddr_in& address, std::vector<sockaddr_in> upstreams)
        : listener_(bench::listen_on(address)),
          upstreams_(std::move(upstreams)),
          buffer_(256 * 1024) {
        poller_.add(listener_, nullptr, EPOLLIN);
    }

    [[noreturn]] void run() {
        for (;;) {
            for (const auto& event : poller_.wait(-1)) {
                if (event.data.ptr == nullptr) {
                    accept_all();
                } else {
                    on_event(*static_cast<side*>(event.data.ptr), event.events);
                }
            }
            doomed_.clear();
        }
    }

  private:
    void accept_all() {
        for (int fd = bench::accept_from(listener_); fd >= 0; fd = bench::accept_from(listener_)) {
            const int upstream = bench::connect_to(upstreams_[next_++ % upstreams_.size()]);
            if (upstream < 0) {
                ::close(fd);
                continue;
            }
            auto* client_side = new side{fd, nullptr, {}, false, false};
            auto* upstream_side = new side{upstream, client_side, {}, false, true};
            client_side->other = upstream_side;
            poller_.add(fd, client_side, EPOLLIN);
            poller_.add(upstream, upstream_side, EPOLLIN | EPOLLOUT);
        }
    }

    void on_event(side& s, std::uint32_t events) {
        if (s.fd < 0) return;  // its pair was closed earlier in this round
        if ((events & EPOLLOUT) != 0 && !flush(s)) return close_pair(s);
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) move_bytes(s);
    }

    void move_bytes(side& from) {
        side& to = *from.other;
        if (!to.unsent.empty()) return;
        const auto got = ::recv(from.fd, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return end(from);
        const auto size = static_cast<std::size_t>(got);
        const auto sent = to.connecting ? 0 : ::send(to.fd, buffer_.data(), size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return close_pair(from);
        const auto done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
        if (done == size) return;
        to.unsent.assign(buffer_.data() + done, size - done);
        watch(to);
        watch(from);
    }

    /// Reads an end only while the other one keeps up; asks for writability only when something
    /// waits.
    void watch(side& s) {
        const std::uint32_t in = s.other->unsent.empty() && !s.other->over ? EPOLLIN : 0U;
        const std::uint32_t out = s.unsent.empty() && !s.connecting ? 0U : EPOLLOUT;
        poller_.change(s.fd, &s, in | out);
    }

    /// Sends what waits for `s`; false when the connection is broken or finished.
    bool flush(side& s) {
        s.connecting = false;
        if (!s.unsent.empty()) {
            const auto sent = ::send(s.fd, s.unsent.data(), s.unsent.size(), MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN;
            s.unsent.erase(0, static_cast<std::size_t>(sent));
            if (!s.unsent.empty()) return true;
        }
        if (s.over) return false;
        watch(s);
        watch(*s.other);
        return true;
    }

    void end(side& from) {
        from.other->over = true;
        if (from.other->unsent.empty()) return close_pair(from);
        watch(from);
    }

    void close_pair(side& s) {
        for (side* each : {&s, s.other}) {
            ::close(each->fd);
            each->fd = -1;
            doomed_.emplace_back(each);
        }
    }

    bench::poller poller_;
    int listener_;
    std::vector<sockaddr_in> upstreams_;
    std::size_t next_ = 0;
    std::vector<char> buffer_;
    /// Freed after the round, which may still name them.
    std::vector<std::unique_ptr<side>> doomed_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::options options({argv, static_cast<std::size_t>(argc)},
                                 {{"listen", "127.0.0.1:9000", "address to serve"},
                                  {"to", "", "upstream ADDR:PORT, repeatable"}});
    bench::raise_file_limit();
    std::vector<sockaddr_in> upstreams;
    for (const auto& text : options.all("to")) upstreams.push_back(bench::parse_address(text));
    if (upstreams.empty()) return 2;
    forwarder(bench::parse_address(options.text("listen")), std::move(upstreams)).run();
}
