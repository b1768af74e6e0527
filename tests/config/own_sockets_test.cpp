#include "config/own_sockets.hpp"

#include <doctest/doctest.h>

using namespace weir::config;

namespace {

listener at(const char* address, std::uint16_t port) {
    listener l;
    l.bind_address = address;
    l.bind_port = port;
    return l;
}

}  // namespace

TEST_SUITE("config/own_sockets") {
    TEST_CASE("a listener is found by the address it is bound to") {
        const std::vector<listener> all{at("127.0.0.1", 80), at("127.0.0.2", 81)};
        const own_sockets own(all);
        CHECK(own.find("127.0.0.1", 80) == &all[0]);
        CHECK(own.find("localhost", 80) == &all[0]);
        CHECK(own.find("LocalHost", 80) == &all[0]);
        CHECK(own.find("127.0.0.2", 81) == &all[1]);
        CHECK(own.find("127.0.0.1", 81) == nullptr);
        CHECK(own.find("10.0.0.1", 80) == nullptr);
    }
    TEST_CASE("a listener on any address is behind every loopback one") {
        const std::vector<listener> all{at("0.0.0.0", 80), at("::", 81)};
        const own_sockets own(all);
        CHECK(own.find("127.0.0.1", 80) == &all[0]);
        CHECK(own.find("::1", 81) == &all[1]);
        CHECK(own.find("localhost", 81) == &all[1]);
    }
}
