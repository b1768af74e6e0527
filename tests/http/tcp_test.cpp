#include "http/tcp.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <string>

using weir::http::address;

namespace {

std::string congestion_control(int fd) {
    char name[16] = "";
    socklen_t size = sizeof name;
    REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0);
    return name;
}

struct socket_pair {
    int changed = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fresh = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ~socket_pair() {
        ::close(changed);
        ::close(fresh);
    }
};

}  // namespace

TEST_SUITE("http/tcp") {
    TEST_CASE("the system chooses the congestion control, but not between its own processes") {
        const socket_pair near;
        set_up_tcp(near.changed, *address::parse("127.0.0.1:80"));
        CHECK(congestion_control(near.changed) == "reno");
        const socket_pair far;
        set_up_tcp(far.changed, *address::parse("192.0.2.1:80"));
        CHECK(congestion_control(far.changed) == congestion_control(far.fresh));
    }
    TEST_CASE("small writes are sent at once") {
        const socket_pair sockets;
        set_up_tcp(sockets.changed, *address::parse("192.0.2.1:80"));
        int on = 0;
        socklen_t size = sizeof on;
        REQUIRE(::getsockopt(sockets.changed, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
        CHECK(on != 0);
    }
}
