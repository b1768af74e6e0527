#include "http/tcp.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string_view>

namespace weir::http {

void set_up_tcp(int fd, const address& peer) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Part of every kernel, and allowed to every process.
    constexpr std::string_view plain = "reno";
    if (peer.is_loopback()) {
        ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain.data(), plain.size());
    }
}

}  // namespace weir::http
