#include "config/grammar.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir::config;
using namespace std::chrono_literals;

TEST_SUITE("config/grammar") {
    TEST_CASE("durations are one to four whole numbers with units") {
        CHECK(parse_gateway_duration("0s") == 0ns);
        CHECK(parse_gateway_duration("1m30s") == 90s);
        CHECK(parse_gateway_duration("100ms200ms300ms") == 600ms);
        CHECK(parse_gateway_duration("7230s") == 7230s);
        CHECK(parse_gateway_duration("99999h99999h99999h99999h") == 399996h);
        for (const auto* bad : {"", "0", "1", "1m1", "1d", "1h30m10s20ms50h", "999999h", "1.5h",
                                "-15m", "s", "1S", " 1s", "99999999999999999999s"}) {
            INFO("duration: " << bad);
            CHECK_FALSE(parse_gateway_duration(bad).has_value());
        }
    }

    TEST_CASE("hostnames are lower-case labels, a wildcard only as the whole first one") {
        for (const auto* good :
             {"a", "example.com", "*.example.com", "a-b.c1.d", "123.example.com"}) {
            INFO("host: " << good);
            CHECK_FALSE(hostname_problem(good, true).has_value());
        }
        for (const auto* bad :
             {"", "*", "*.", "a.*.com", "*a.com", "Example.com", "a_b.com", "-a.com", "a-.com",
              "a..b", "a.", "1.2.3.4", "::1", "a.com:80", "https://a.com", "a.com/x"}) {
            INFO("host: " << bad);
            CHECK(hostname_problem(bad, true).has_value());
        }
        CHECK(hostname_problem("*.example.com", false).has_value());
        CHECK(hostname_problem(std::string(254, 'a'), true).has_value());
    }

    TEST_CASE("paths are absolute, normal and percent-encoded") {
        for (const auto* good :
             {"/", "/v1", "/v1/", "/a.b/c-d_e~f", "/%20", "/!$&'()*+,;=:@", "/..a", "/a."}) {
            INFO("path: " << good);
            CHECK_FALSE(path_problem(good).has_value());
        }
        for (const auto* bad : {"", "v1", "//", "/a//b", "/./", "/a/../b", "/a/..", "/a/.", "/%2f",
                                "/%2F", "/#", "/a?b", "/%", "/%2", "/%zz", "/ ", "/\xC3\xA4"}) {
            INFO("path: " << bad);
            CHECK(path_problem(bad).has_value());
        }
    }

    TEST_CASE("labels follow Kubernetes") {
        for (const auto* good : {"app", "a.b/c", "kubernetes.io/metadata.name", "A_b-c.d"})
            CHECK(is_label_key(good));
        for (const auto* bad : {"", "-a", "a/", "/a", "a/b/c", "A.b/c", "a b"})
            CHECK_FALSE(is_label_key(bad));
        CHECK(is_label_value(""));
        CHECK(is_label_value(std::string(63, 'x')));
        CHECK_FALSE(is_label_value(std::string(64, 'x')));
        CHECK_FALSE(is_label_value("a b"));
        CHECK_FALSE(is_label_value("a-"));
    }

    TEST_CASE("header names are tokens") {
        CHECK(is_header_name("x-a"));
        CHECK(is_header_name("!#$%&'*+-.^_`|~09"));
        for (const auto* bad : {"", "a b", "a:", "a\r\n", "\xC3\xA4", "a/b"})
            CHECK_FALSE(is_header_name(bad));
        CHECK_FALSE(is_header_name(std::string(257, 'a')));
    }

    TEST_CASE("endpoint addresses are IPs or names with an optional port") {
        for (const auto* good : {"127.0.0.1", "127.0.0.1:8000", "::1", "[::1]", "[::1]:8000",
                                 "localhost", "gpu-1.lan:80", "fe80::1"}) {
            INFO("address: " << good);
            CHECK_FALSE(address_problem(good).has_value());
        }
        for (const auto* bad :
             {"", "http://a", "a/b", "a:", "a:0", "a:65536", "a:b", "[::1", "[::1]8000", "[a]:1",
              "1.2.3", "1.2.3.4.5", "a b", ":80", "[::1]:"}) {
            INFO("address: " << bad);
            CHECK(address_problem(bad).has_value());
        }
    }

    TEST_CASE("CORS origins have a scheme and at most a port") {
        for (const auto* good : {"*", "https://a.com", "http://a.com:8080", "https://*.a.com",
                                 "http://*", "http://[::1]"}) {
            INFO("origin: " << good);
            CHECK_FALSE(origin_problem(good).has_value());
        }
        for (const auto* bad : {"a.com", "https://", "https://a.com/", "https://a.*.com",
                                "https://a.com:x", "://a"}) {
            INFO("origin: " << bad);
            CHECK(origin_problem(bad).has_value());
        }
    }

    TEST_CASE("base64 needs its padding") {
        CHECK(decode_base64("") == "");
        CHECK(decode_base64("YQ==") == "a");
        CHECK(decode_base64("YWI=") == "ab");
        CHECK(decode_base64("YW\nJj") == "abc");
        CHECK(decode_base64("AP+/") == std::string("\0\xFF\xBF", 3));
        for (const auto* bad : {"YQ", "YQ=", "Y===", "YQ==YQ==", "Y-_=", "YQ= ="}) {
            INFO("text: " << bad);
            CHECK_FALSE(decode_base64(bad).has_value());
        }
    }

    TEST_CASE("regular expressions are RE2's") {
        CHECK_FALSE(regex_problem("/v1/(chat|completions)").has_value());
        CHECK(regex_problem("(?!x)").has_value());
        CHECK(regex_problem("(").has_value());
    }
}
