#include "gateway/hostname.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using weir::gateway::canonical_host;
using weir::gateway::host_map;

namespace {

std::vector<int> visited(const host_map<int>& map, std::string_view host) {
    std::vector<int> seen;
    map.visit(host, [&](int v) {
        seen.push_back(v);
        return false;
    });
    return seen;
}

}  // namespace

TEST_SUITE("gateway/hostname") {
    TEST_CASE("a Host field is compared without port, case and one trailing dot") {
        CHECK(canonical_host("Example.COM:8080").view() == "example.com");
        CHECK(canonical_host("example.com.").view() == "example.com");
        CHECK(canonical_host("example.com.:80").view() == "example.com");
        CHECK(canonical_host("[::1]:8080").view() == "::1");
        CHECK(canonical_host("127.0.0.1:80").view() == "127.0.0.1");
        CHECK(canonical_host("").view().empty());
        CHECK(canonical_host(std::string(254, 'a')).view().empty());
        CHECK(canonical_host(std::string(253, 'a')).view().size() == 253);
    }
    TEST_CASE("the port goes, the brackets of an IPv6 literal stay") {
        CHECK(weir::gateway::without_port("[::1]:8080") == "[::1]");
        CHECK(weir::gateway::without_port("a:1") == "a");
        CHECK(weir::gateway::without_port("a") == "a");
    }
    TEST_CASE("exact names come before longer wildcards before shorter ones before any host") {
        host_map<int> map;
        map.at("") = 1;
        map.at("*.com") = 2;
        map.at("*.example.com") = 3;
        map.at("a.example.com") = 4;
        CHECK(visited(map, "a.example.com") == std::vector{4, 3, 2, 1});
        CHECK(visited(map, "b.c.example.com") == std::vector{3, 2, 1});
        CHECK(visited(map, "example.com") == std::vector{2, 1});
        CHECK(visited(map, "org") == std::vector{1});
        CHECK(visited(map, "") == std::vector{1});
    }
    TEST_CASE("a wildcard never matches the apex, nor an empty first label") {
        host_map<int> map;
        map.at("*.example.com") = 3;
        CHECK(visited(map, "example.com").empty());
        CHECK(visited(map, ".example.com").empty());
        CHECK(visited(map, "xexample.com").empty());
    }
}
