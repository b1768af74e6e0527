#include "admin/guard.hpp"

#include <doctest/doctest.h>

using namespace weir::admin;

TEST_SUITE("admin/guard") {
    TEST_CASE("hosts are literals, localhost or the bound address") {
        const auto bound = *weir::http::address::parse("127.0.0.1", 9901);
        CHECK(host_allowed("127.0.0.1:9901", bound));
        CHECK(host_allowed("LOCALHOST", bound));
        CHECK(host_allowed("[::1]", bound));
        CHECK(host_allowed("[fe80::1]:80", bound));
        CHECK(host_allowed("", bound));
        CHECK_FALSE(host_allowed("example.com", bound));
        CHECK_FALSE(host_allowed("127.0.0.1.example.com", bound));
        CHECK_FALSE(host_allowed("localhost.example.com", bound));
        CHECK_FALSE(host_allowed("[::1", bound));
    }

    TEST_CASE("monitoring may use any name where others are meant to reach the port") {
        const auto own = *weir::http::address::parse("127.0.0.1", 9901);
        const auto lan = *weir::http::address::parse("192.0.2.1", 9901);
        for (const auto* path : {"/metrics", "/livez", "/readyz"}) {
            CHECK(open_to_any_name(path, lan));
            CHECK_FALSE(open_to_any_name(path, own));
        }
        CHECK_FALSE(open_to_any_name("/v1/config", lan));
        CHECK_FALSE(open_to_any_name("/v1/drain", lan));
    }

    TEST_CASE("an origin is absent or the request's own host") {
        CHECK(origin_allowed(false, "", "127.0.0.1:9901"));
        CHECK(origin_allowed(true, "http://127.0.0.1:9901", "127.0.0.1:9901"));
        CHECK(origin_allowed(true, "https://LOCALHOST", "localhost"));
        CHECK_FALSE(origin_allowed(true, "", "127.0.0.1:9901"));
        CHECK_FALSE(origin_allowed(true, "null", "127.0.0.1:9901"));
        CHECK_FALSE(origin_allowed(true, "http://127.0.0.1", "127.0.0.1:9901"));
        CHECK_FALSE(origin_allowed(true, "http://", ""));
    }

    TEST_CASE("only application/json is JSON") {
        CHECK(is_json_type("application/json"));
        CHECK(is_json_type("Application/JSON ; charset=utf-8"));
        CHECK_FALSE(is_json_type("application/jsonp"));
        CHECK_FALSE(is_json_type("text/plain"));
        CHECK_FALSE(is_json_type(""));
    }
}
