#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "../support/temporary.hpp"

using weir::app::service_manager;

namespace {

/// The socket of a service manager; `@` stands for the zero byte of an abstract name.
class manager_socket {
  public:
    explicit manager_socket(std::string name) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        if (name.front() == '@') name.front() = '\0';
        std::copy(name.begin(), name.end(), where.sun_path);
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&where), length) == 0);
    }
    ~manager_socket() { ::close(fd_); }
    manager_socket(const manager_socket&) = delete;
    manager_socket& operator=(const manager_socket&) = delete;

    /// The next message, or nothing.
    std::string next() const {
        char text[512];
        const auto n = ::recv(fd_, text, sizeof text, MSG_DONTWAIT);
        return n < 0 ? std::string() : std::string(text, static_cast<std::size_t>(n));
    }

  private:
    int fd_;
};

}  // namespace

TEST_SUITE("app/service_manager") {
    TEST_CASE("each message is one datagram, to a path or an abstract name") {
        const temporary_folder folder;
        const auto path = (folder / "notify").string();
        for (const auto& name : {path, "@" + path}) {
            CAPTURE(name);
            const manager_socket manager(name);
            service_manager told(name.c_str());
            CHECK(manager.next().empty());
            told.ready("serving");
            CHECK(manager.next() == "READY=1\nSTATUS=serving");
            told.reloading();
            const auto reloading = manager.next();
            REQUIRE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
            CHECK(std::stoll(reloading.substr(reloading.rfind('=') + 1)) > 0);
            told.stopping();
            CHECK(manager.next() == "STOPPING=1");
            told.ready("too late");
            CHECK(manager.next().empty());
        }
    }

    TEST_CASE("no manager, one that is gone and a name that is none are no reason to fail") {
        for (const auto* name :
             {static_cast<const char*>(nullptr), "", "/nonexistent/notify", "vsock:2:1234"}) {
            service_manager told(name);
            told.ready("serving");
            told.stopping();
        }
        service_manager told(("/" + std::string(200, 'x')).c_str());
        told.ready("serving");
    }
}
