#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <string>

#include "base/log.hpp"

namespace weir::app {
namespace {

/// RELOADING=1 is matched with the time at which the manager asked for it.
std::string monotonic_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000);
}

/// Connected, or -1 and `errno`.
int connect_to(std::string_view name) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const bool fits = name.size() < sizeof where.sun_path && (name[0] == '/' || name[0] == '@');
    if (!fits) {
        errno = EINVAL;
        return -1;
    }
    std::copy(name.begin(), name.end(), where.sun_path);
    if (name[0] == '@') where.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&where), length) == 0) return fd;
    const int why = errno;
    ::close(fd);
    errno = why;
    return -1;
}

}  // namespace

service_manager::service_manager(const char* socket) {
    if (socket == nullptr || *socket == '\0') return;
    fd_ = connect_to(socket);
    if (fd_ < 0) {
        log::warning("the service manager cannot be told that weir is ready",
                     {{"NOTIFY_SOCKET", socket}, {"error", std::strerror(errno)}});
        return;
    }
    // A manager that does not read its socket must not hold up the control thread.
    const timeval patience{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

service_manager::~service_manager() { leave(); }

void service_manager::ready(std::string_view status) {
    send("READY=1\nSTATUS=" + std::string(status));
}

void service_manager::reloading() {
    send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds());
}

void service_manager::stopping() {
    send("STOPPING=1");
    leave();
}

void service_manager::leave() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void service_manager::send(std::string_view message) {
    if (fd_ < 0) return;
    if (::send(fd_, message.data(), message.size(), MSG_NOSIGNAL) < 0) {
        log::warning("the service manager was not told",
                     {{"message", message}, {"error", std::strerror(errno)}});
    }
}

}  // namespace weir::app
