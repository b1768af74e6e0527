#include "http/address.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::http::address;

TEST_SUITE("http/address") {
    TEST_CASE("addresses are read and written the same way") {
        for (const auto* text : {"127.0.0.1:8080", "255.255.255.255:65535", "0.0.0.0:0",
                                 "[::1]:8080", "[2001:db8::1]:443"}) {
            const auto a = address::parse(text);
            REQUIRE_MESSAGE(a, text);
            CHECK(a->authority() == text);
            CHECK(*a == *address::parse(a->ip(), a->port()));
        }
        for (int byte = 0; byte < 256; ++byte) {
            const auto text = "10." + std::to_string(byte) + ".0.1:80";
            CHECK(address::parse(text)->authority() == text);
        }
        CHECK(address::parse(":80")->authority() == "0.0.0.0:80");
        CHECK(address::parse("[::1]", 80)->ip() == "::1");
    }
    TEST_CASE("what is no numeric address is none") {
        for (const auto* text :
             {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
              "127.0.0.1:x", "localhost:80", "::1:80", "[::1]", "127.0.0.256:80", "127.1:80"}) {
            CHECK_MESSAGE(!address::parse(text), text);
        }
    }
    TEST_CASE("a port may be exchanged, and takes part in equality") {
        for (const auto* text : {"127.0.0.1:1", "[::1]:1"}) {
            auto a = *address::parse(text);
            const auto before = a;
            a.set_port(2);
            CHECK(a.port() == 2);
            CHECK_FALSE(a == before);
            CHECK(a.is_loopback());
        }
        CHECK(address::parse("127.8.8.8:1")->is_loopback());
        CHECK_FALSE(address::parse("128.0.0.1:1")->is_loopback());
        CHECK_FALSE(address::parse("[::2]:1")->is_loopback());
    }
}
