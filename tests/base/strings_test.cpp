#include "base/strings.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace std::chrono_literals;

TEST_SUITE("base/strings") {
    TEST_CASE("case is the only difference that names may have, at any place of any length") {
        const auto lower = [](int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
        for (std::size_t size = 1; size <= 17; ++size) {
            for (std::size_t at = 0; at < size; at += at + 2 < size ? 3 : 1) {
                std::string a(size, 'x');
                std::string b(size, 'X');
                for (int c = 0; c < 256; ++c) {
                    for (int d = 0; d < 256; ++d) {
                        a[at] = static_cast<char>(c);
                        b[at] = static_cast<char>(d);
                        const bool same = lower(c) == lower(d);
                        if (weir::iequals(a, b) != same)
                            FAIL(size << " bytes, " << c << " and " << d << " at " << at);
                    }
                }
            }
        }
        CHECK(weir::iequals("", ""));
        CHECK_FALSE(weir::iequals("host", "hosts"));
    }
    TEST_CASE("letters are lowered and nothing else, at any place of any length") {
        for (std::size_t size = 1; size <= 17; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                for (int c = 0; c < 256; ++c) {
                    std::string text(size, 'X');
                    std::string wanted(size, 'x');
                    text[at] = static_cast<char>(c);
                    wanted[at] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
                    if (weir::to_lower(text) != wanted) FAIL(c << " at " << at << " of " << size);
                }
            }
        }
    }
    TEST_CASE("white space around a text is no part of it") {
        CHECK(weir::trim(" \ta b\t ") == "a b");
        CHECK(weir::trim("a") == "a");
        CHECK(weir::trim(" \t") == "");
        CHECK(weir::trim("a\r\n") == "a\r\n");
        CHECK(weir::trim("a\r\n", true) == "a");
    }
    TEST_CASE("Go durations parse as Go parses them") {
        CHECK(weir::parse_go_duration("200ms") == 200ms);
        CHECK(weir::parse_go_duration("1.5s") == 1500ms);
        CHECK(weir::parse_go_duration("1m30s") == 90s);
        CHECK(weir::parse_go_duration("-2h") == -2h);
        CHECK(weir::parse_go_duration("0") == 0ns);
        CHECK(weir::parse_go_duration("3us") == 3us);
        for (const auto* bad : {"", "5", "1d", "s", "1 s", "-", ".s", "1s1"}) {
            CAPTURE(bad);
            CHECK_FALSE(weir::parse_go_duration(bad));
        }
    }
    TEST_CASE("a duration prints as Go prints it") {
        CHECK(weir::format_go_duration(0ns) == "0s");
        CHECK(weir::format_go_duration(1500ms) == "1.5s");
        CHECK(weir::format_go_duration(200ms) == "200ms");
        CHECK(weir::format_go_duration(3661s) == "1h1m1s");
    }
    TEST_CASE("quantities take Kubernetes suffixes") {
        CHECK(weir::parse_quantity("64Mi") == 64ULL << 20);
        CHECK(weir::parse_quantity("1k") == 1000);
        CHECK(weir::parse_quantity("0.5Gi") == 512ULL << 20);
        CHECK_FALSE(weir::parse_quantity("-1"));
        CHECK_FALSE(weir::parse_quantity("1kb"));
    }
    TEST_CASE("whole numbers only, and nothing around them") {
        CHECK(weir::parse_int("+5") == 5);
        CHECK_FALSE(weir::parse_int("5 "));
        CHECK_FALSE(weir::parse_int("+-5"));
        CHECK_FALSE(weir::parse_int("99999999999999999999"));
    }
    TEST_CASE("the nearest name is offered only when it is near") {
        const std::array<std::string_view, 2> names{"queue-scorer", "kv-cache-utilization-scorer"};
        CHECK(weir::nearest("kv-cache-utilisation-scorer", names) == "kv-cache-utilization-scorer");
        CHECK(weir::nearest("banana", names).empty());
        const std::array<std::string_view, 2> commands{"serve", "demo"};
        CHECK(weir::nearest("sevre", commands) == "serve");
        CHECK(weir::nearest("dmeo", commands) == "demo");
        CHECK(weir::nearest("serial", commands).empty());
    }
}
