#include "gateway/path.hpp"

#include <doctest/doctest.h>

#include <utility>

using weir::gateway::normalise_path;

TEST_SUITE("gateway/path") {
    TEST_CASE("an ordinary path is returned as it stands, without a copy") {
        std::string scratch;
        for (const std::string_view path : {"/", "/v1/chat/completions", "/a/", "/a.b/c..d/..e/.f",
                                            "/a%2Fb", "/a%2F..%2Fb", "/%2efoo", "/..."}) {
            CAPTURE(path);
            const auto got = normalise_path(path, scratch);
            REQUIRE(got);
            CHECK(*got == path);
        }
        const std::string_view plain = "/v1/models";
        CHECK(normalise_path(plain, scratch)->data() == plain.data());
    }
    TEST_CASE("dot segments and doubled slashes disappear") {
        const std::pair<const char*, const char*> rows[] = {
            {"//", "/"},
            {"//a", "/a"},
            {"/a//b", "/a/b"},
            {"/a///", "/a/"},
            {"/a/./b", "/a/b"},
            {"/a/.", "/a/"},
            {"/./", "/"},
            {"/a/../b", "/b"},
            {"/a/b/..", "/a/"},
            {"/a/..", "/"},
            {"/a//../b", "/b"},
            {"/a/%2e%2e/b", "/b"},
            {"/a/.%2E/b", "/b"},
            {"/a/%2e/b", "/a/b"},
            {"/a/b/../../c/", "/c/"},
            {"/a/./b//%2e%2e/c", "/a/c"},
        };
        std::string scratch;
        for (const auto& [path, want] : rows) {
            CAPTURE(path);
            const auto got = normalise_path(path, scratch);
            REQUIRE(got);
            CHECK(*got == want);
        }
    }
    TEST_CASE("a path that climbs above the root, or has none, is refused") {
        std::string scratch;
        for (const auto* path :
             {"/..", "/../a", "/a/../../b", "/%2e%2e/etc/passwd", "//..", "", "*", "a/b"}) {
            CAPTURE(path);
            CHECK_FALSE(normalise_path(path, scratch));
        }
    }
    TEST_CASE("a target splits at the first question mark") {
        const auto parts = weir::gateway::split_target("/a?b=c?d");
        CHECK(parts.path == "/a");
        CHECK(parts.query == "b=c?d");
        CHECK(weir::gateway::split_target("/a?").has_query);
        CHECK_FALSE(weir::gateway::split_target("/a").has_query);
    }
}
