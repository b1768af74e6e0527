#include "datalayer/own_sockets.hpp"

#include <doctest/doctest.h>

using weir::datalayer::own_sockets;
using weir::http::address;

TEST_SUITE("datalayer/own_sockets") {
    TEST_CASE("a socket is its own address, or all of this machine's when it is bound to all") {
        own_sockets own;
        CHECK_FALSE(own.contains(*address::parse("127.0.0.1:8080")));
        own.set({*address::parse("127.0.0.1:8080"), *address::parse("0.0.0.0:9901"),
                 *address::parse("[::]:7000")});
        struct row {
            const char* where;
            bool own;
        };
        for (const auto& [where, expected] : {
                 row{"127.0.0.1:8080", true},
                 row{"127.0.0.2:8080", false},
                 row{"[::1]:8080", false},
                 row{"127.0.0.1:8081", false},
                 row{"127.0.0.1:9901", true},
                 row{"127.9.9.9:9901", true},
                 row{"0.0.0.0:9901", true},
                 row{"192.0.2.1:9901", false},
                 row{"[::1]:7000", true},
                 row{"127.0.0.1:7000", true},
             }) {
            CAPTURE(where);
            CHECK(own.contains(*address::parse(where)) == expected);
        }
    }
}
