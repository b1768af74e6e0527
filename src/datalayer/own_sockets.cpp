#include "datalayer/own_sockets.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace weir::datalayer {
namespace {

/// The kernel lets nobody bind an address that is not this machine's. Nothing is sent.
bool is_of_this_machine(http::address where) {
    if (where.is_loopback()) return true;
    const int probe = ::socket(where.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    where.set_port(0);
    const bool bound = ::bind(probe, where.data(), where.size()) == 0;
    ::close(probe);
    return bound;
}

bool is_wildcard(const http::address& a) {
    const auto ip = a.ip();
    return ip == "0.0.0.0" || ip == "::";
}

}  // namespace

bool own_sockets::contains(const http::address& where) const {
    return std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& own) {
        if (own.port() != where.port()) return false;
        return own == where || (is_wildcard(own) && is_of_this_machine(where));
    });
}

}  // namespace weir::datalayer
