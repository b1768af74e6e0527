#include "config/cures.hpp"

#include <doctest/doctest.h>

using namespace weir::config;

TEST_SUITE("config/cures") {
    TEST_CASE("durations in the spellings of other tools") {
        CHECK(duration_meant_by("30") == "30s");
        CHECK(duration_meant_by("5S") == "5s");
        CHECK(duration_meant_by("5min") == "5m");
        CHECK(duration_meant_by("5 minutes") == "5m");
        CHECK(duration_meant_by("1d") == "24h");
        CHECK(duration_meant_by("1.5h") == "1h30m");
        CHECK(duration_meant_by("0.5s") == "500ms");
        CHECK(duration_meant_by("1m1") == "1m1s");
        CHECK(duration_meant_by("0") == "0s");
        CHECK(duration_meant_by("-15m").empty());
        CHECK(duration_meant_by("999999h").empty());
        CHECK(duration_meant_by("soon").empty());
        CHECK(duration_meant_by("1..5s").empty());
    }
    TEST_CASE("hostnames without what is not one") {
        CHECK(hostname_meant_by("https://Chat.example.com:8080/v1", true) == "chat.example.com");
        CHECK(hostname_meant_by("chat.example.com.", true) == "chat.example.com");
        CHECK(hostname_meant_by("*.Example.com", true) == "*.example.com");
        CHECK(hostname_meant_by("*.example.com", false).empty());
        CHECK(hostname_meant_by("127.0.0.1:80", true).empty());
        CHECK(hostname_meant_by("::1", true).empty());
        CHECK(hostname_meant_by("*", true).empty());
    }
    TEST_CASE("paths as they are normalised") {
        CHECK(path_meant_by("v1") == "/v1");
        CHECK(path_meant_by("/v1//chat") == "/v1/chat");
        CHECK(path_meant_by("/v1/./chat/../x/") == "/v1/x/");
        CHECK(path_meant_by("/..") == "/");
        CHECK(path_meant_by("/v1?x=1").empty());
        CHECK(path_meant_by("/v1%2fchat").empty());
    }
    TEST_CASE("names and header names") {
        CHECK(name_meant_by("LLM_Route", false) == "llm-route");
        CHECK(name_meant_by("team.a", true) == "team-a");
        CHECK(name_meant_by("team.a", false) == "team.a");
        CHECK(name_meant_by("-", false).empty());
        CHECK(header_name_meant_by(" x-tenant:") == "x-tenant");
        CHECK(header_name_meant_by("x tenant") == "x-tenant");
        CHECK(header_name_meant_by("x-t\u00e4st").empty());
    }
}
