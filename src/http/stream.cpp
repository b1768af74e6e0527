#include "http/stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace weir::http {

stream& stream::operator=(stream&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

io_result stream::read(char* data, std::size_t size) {
    for (;;) {
        const auto n = ::recv(fd_, data, size, 0);
        if (n >= 0) return {static_cast<std::size_t>(n), 0};
        if (errno != EINTR) return {0, errno};
    }
}

io_result stream::write(const iovec* pieces, int count) {
    for (;;) {
        ssize_t n = 0;
        if (count == 1) {
            n = ::send(fd_, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(pieces);
            message.msg_iovlen = static_cast<std::size_t>(count);
            n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
        }
        if (n >= 0) return {static_cast<std::size_t>(n), 0};
        if (errno != EINTR) return {0, errno};
    }
}

void stream::shutdown_write() {
    if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void stream::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void stream::reset_on_close(bool on) {
    const linger how{on ? 1 : 0, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

}  // namespace weir::http
