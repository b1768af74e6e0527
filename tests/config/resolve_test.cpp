#include "config/resolve.hpp"

#include <doctest/doctest.h>

#include "config/resolve_state.hpp"
#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

TEST_SUITE("config/resolve") {
    TEST_CASE("host and port come apart, IPv6 with or without brackets") {
        struct row {
            const char *written, *host;
            int port;
        };
        const row rows[] = {{"a:1", "a", 1},
                            {"a", "a", 0},
                            {":8080", "", 8080},
                            {"[::1]:80", "::1", 80},
                            {"[::1]", "::1", 0},
                            {"::1", "::1", 0},
                            {"10.0.0.1:8000", "10.0.0.1", 8000}};
        for (const auto& r : rows) {
            CAPTURE(r.written);
            const auto got = split_host_port(r.written);
            CHECK(got.valid);
            CHECK(got.host == r.host);
            CHECK(got.port == r.port);
        }
        for (const auto* bad : {"a:", "a:x", "a:70000", "[::1", "[::1]x", "a:-1"}) {
            CAPTURE(bad);
            CHECK_FALSE(split_host_port(bad).valid);
        }
    }
    TEST_CASE("IP literals are told from names") {
        CHECK(is_ip_literal("127.0.0.1"));
        CHECK(is_ip_literal("::1"));
        CHECK_FALSE(is_ip_literal("localhost"));
        CHECK_FALSE(is_ip_literal("1.2.3"));
        CHECK_FALSE(is_ip_literal(""));
    }
    TEST_CASE("the order of files and documents changes nothing") {
        const auto parts =
            std::vector<std::string>{gateway(http_listener()), route_doc("r", parent() + to_pool()),
                                     pool_doc(), pod("a", "10.0.0.1")};
        auto reversed = parts;
        std::reverse(reversed.begin(), reversed.end());
        const auto one = resolve_files(parts);
        const auto two = resolve_files(reversed);
        CHECK(one.troubles() == "");
        CHECK(two.troubles() == "");
        CHECK(two.m->listeners.at(0).routes.size() == 1);
        CHECK(two.m->pools.at(0).endpoints.size() == 1);
    }
    TEST_CASE("every mistake of all files is found in one pass") {
        const auto r = resolve_files({gateway("  - {name: http, port: 0, protocol: HTTP}\n"),
                                      route_doc("r", parent() + to_pool("nope"))});
        CHECK(r.found.has_errors());
        CHECK(r.times("WEIR0301") == 1);
    }
    TEST_CASE("nothing at all is nothing to serve") {
        const auto r = resolve_files({});
        CHECK(r.m->listeners.empty());
        CHECK(r.found.list().empty());
    }
}
