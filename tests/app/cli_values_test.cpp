#include "app/cli_values.hpp"

#include <CLI/Error.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir::app;
using namespace std::chrono_literals;

namespace {

/// What a reader says of a bad value; empty when it takes it.
template <class T>
std::string complaint(T (*read)(const std::string&), const std::string& text) {
    try {
        read(text);
    } catch (const CLI::ValidationError& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_SUITE("app/cli_values") {
    TEST_CASE("durations are Go's, and a bare number is none") {
        CHECK(read_duration("1m30s") == 90s);
        CHECK(read_duration("0") == 0s);
        for (const auto* bad : {"5", "-1s", "", "1 s", "soon"}) {
            CAPTURE(bad);
            CHECK_FALSE(complaint(&read_duration, bad).empty());
        }
        CHECK_FALSE(complaint(&read_period, "0").empty());
        CHECK(read_period("50ms") == 50ms);
    }

    TEST_CASE("sizes take Kubernetes suffixes, limits start at one") {
        CHECK(read_size("32Ki") == 32768);
        CHECK(read_bytes("1Gi") == std::uint64_t{1} << 30);
        CHECK(read_size("0") == 0);
        CHECK(complaint(&read_limit, "0") == "'0' is not a number from 1 on");
        CHECK_FALSE(complaint(&read_size, "-1").empty());
        CHECK_FALSE(complaint(&read_size, "12 apples").empty());
    }

    TEST_CASE("whole numbers have no sign and no fraction") {
        CHECK(read_whole("18446744073709551615") == 18446744073709551615U);
        for (const auto* bad :
             {"", "-1", "+1", "1.5", "1e3", "0x10", "18446744073709551616", "1 "}) {
            CAPTURE(bad);
            CHECK(complaint(&read_whole, bad) ==
                  "'" + std::string(bad) + "' is not a whole number");
        }
    }

    TEST_CASE("shares and cores are finite and in range") {
        CHECK(read_cores("0.1") == 0.1);
        CHECK(read_cores("2") == 2.0);
        for (const auto* bad : {"0", "-1", "nan", "inf", "x", ""}) {
            CAPTURE(bad);
            CHECK_FALSE(complaint(&read_cores, bad).empty());
        }
        CHECK(read_jitter("0.5") == 0.5);
        CHECK(read_jitter("0") == 0.0);
        for (const auto* bad : {"0.6", "-0.1", "nan"})
            CHECK_FALSE(complaint(&read_jitter, bad).empty());
    }

    TEST_CASE("an endpoint is http, a host and a port") {
        for (const auto* good : {"http://127.0.0.1:8000", "http://[::1]:8000", "http://gpu-1:80"}) {
            CHECK(read_endpoint_url(good) == good);
        }
        CHECK(read_endpoint_url("HTTP://GPU1:8000") == "http://gpu1:8000");
        struct row {
            const char* url;
            const char* says;
        };
        for (const auto& [url, says] :
             {row{"HTTPS://h:1", "TLS towards endpoints"}, row{"http://h:1/", "leave the path out"},
              row{"http://h:1/v1", "leave the path out"},
              row{"http://u@h:1", "leave user and password out"},
              row{"http://h", "an endpoint with a port"},
              row{"http://:80", "an endpoint with a port"},
              row{"http://h:65536", "a port from 1 to 65535"},
              row{"http://::1:80", "IPv6 in brackets"}, row{"h:80", "use http://host:port"}}) {
            CAPTURE(url);
            CHECK(complaint(&read_endpoint_url, url).find(says) != std::string::npos);
        }
    }

    TEST_CASE("an address is an IP literal and a port; localhost stands for one") {
        CHECK(read_address("localhost:8080") == "127.0.0.1:8080");
        CHECK(read_address("LOCALHOST:8080") == "127.0.0.1:8080");
        CHECK(read_address("[::1]:0") == "[::1]:0");
        CHECK(read_admin_address("off") == "off");
        CHECK_FALSE(complaint(&read_address, "off").empty());
        CHECK_FALSE(complaint(&read_address, "8080").empty());
        CHECK_FALSE(complaint(&read_address, "example.test:80").empty());
        CHECK(read_ip("::1") == "::1");
        CHECK_FALSE(complaint(&read_ip, "127.0.0.1:80").empty());
    }

    TEST_CASE("a port map has two ports") {
        CHECK(read_port_map("80=8080") == std::pair<std::uint16_t, std::uint16_t>{80, 8080});
        for (const auto* bad : {"80", "80=", "=80", "0=80", "80=70000", "a=b"}) {
            CAPTURE(bad);
            CHECK_FALSE(complaint(&read_port_map, bad).empty());
        }
    }

    TEST_CASE("a header has a name") {
        CHECK(read_header("x-a: b") == "x-a: b");
        CHECK_FALSE(complaint(&read_header, "x-a").empty());
        CHECK_FALSE(complaint(&read_header, ": b").empty());
        CHECK(read_header("x-a:\tb \xC3\xA9") == "x-a:\tb \xC3\xA9");
    }

    TEST_CASE("what no header may hold is shown with its place") {
        const std::pair<const char*, const char*> refused[] = {
            {"a b: c", "'a b: c' is not a header: ' ' at byte 2 is in its name"},
            {"x-a : b", "' ' at byte 4 is in its name"},
            {"\xC3\xA9: b", "'\\xc3' at byte 1 is in its name"},
            {"x: a\nb", "'x: a\\x0ab' is not a header: '\\x0a' at byte 5 is in its value"},
            {"x: a\x7F", "'\\x7f' at byte 5 is in its value"},
        };
        for (const auto& [text, why] : refused) {
            CAPTURE(text);
            CHECK(complaint(&read_header, text).find(why) != std::string::npos);
        }
    }
}
