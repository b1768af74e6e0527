#include "sim/wire_break.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace weir::sim {

void reset_connection(http::exchange& ex) {
    const int fd = ex.detach();
    if (fd < 0) return;
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
}

void close_connection(http::exchange& ex) { send_raw(ex, {}); }

void send_raw(http::exchange& ex, std::string_view bytes) {
    const int fd = ex.detach();
    if (fd < 0) return;
    while (!bytes.empty()) {
        const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::close(fd);
}

}  // namespace weir::sim
