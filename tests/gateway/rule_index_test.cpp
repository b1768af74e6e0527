#include "gateway/rule_index.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;

TEST_SUITE("gateway/rule_index") {
    TEST_CASE("a prefix matches whole path elements, and its trailing slash does not count") {
        const auto t = compile({route("r", {{prefix("/foo/")}})});
        for (const auto* yes : {"/foo", "/foo/", "/foo/bar", "/foo/bar/baz"}) {
            CAPTURE(yes);
            CHECK(chosen(*t, {.path = yes}) == "r#0");
        }
        for (const auto* no : {"/foobar", "/fo", "/", "/Foo", "/x/foo"}) {
            CAPTURE(no);
            CHECK(chosen(*t, {.path = no}) == "no_rule");
        }
    }
    TEST_CASE("an exact path is exact") {
        const auto t = compile({route("r", {{exact("/foo")}})});
        CHECK(chosen(*t, {.path = "/foo"}) == "r#0");
        CHECK(chosen(*t, {.path = "/foo/"}) == "no_rule");
        CHECK(chosen(*t, {.path = "/foo/bar"}) == "no_rule");
    }
    TEST_CASE("a regular expression matches the whole path") {
        const auto t = compile({route("r", {{regex("/v[0-9]+/.*")}})});
        CHECK(chosen(*t, {.path = "/v1/x"}) == "r#0");
        CHECK(chosen(*t, {.path = "/x/v1/x"}) == "no_rule");
        CHECK(chosen(*t, {.path = "/v1"}) == "no_rule");
    }
    TEST_CASE("a pattern that RE2 refuses never matches and breaks nothing else") {
        const auto t =
            compile({route("r", {{regex("(")},
                                 {with_header(prefix("/"), "x", "(", config::match_kind::regex)},
                                 {prefix("/")}})});
        CHECK(chosen(*t, {.path = "/", .headers = {{"x", "("}}}) == "r#2");
    }
    TEST_CASE("many regular expressions keep their precedence") {
        std::vector<std::vector<config::rule_match>> rules;
        for (int i = 0; i < 40; ++i) rules.push_back({regex("/a" + std::to_string(i) + "/.*")});
        rules.push_back({regex("/.*")});
        rules.push_back({with_header(regex("/a7/b.*"), "x", "1")});
        const auto t = compile({route("r", std::move(rules))});
        CHECK(chosen(*t, {.path = "/a7/b"}) == "r#7");
        CHECK(chosen(*t, {.path = "/a7/b", .headers = {{"X", "1"}}}) == "r#41");
        CHECK(chosen(*t, {.path = "/a39/b"}) == "r#39");
        CHECK(chosen(*t, {.path = "/zzz"}) == "r#40");
        CHECK(chosen(*t, {.path = "zzz"}) == "no_rule");
    }
    TEST_CASE("precedence: exact, regex, longest prefix, method, headers, query") {
        const auto t =
            compile({route("r", {
                                    {prefix("/")},
                                    {prefix("/a")},
                                    {prefix("/a/b")},
                                    {regex("/a/.+")},
                                    {exact("/a/b")},
                                    {with_query(prefix("/q"), "k", "v")},
                                    {with_header(prefix("/q"), "x", "1")},
                                    {with_header(with_header(prefix("/q"), "x", "1"), "y", "1")},
                                    {with_method(prefix("/q"), "POST")},
                                    {prefix("/q")},
                                })});
        CHECK(chosen(*t, {.path = "/a/b"}) == "r#4");
        CHECK(chosen(*t, {.path = "/a/b/c"}) == "r#3");
        CHECK(chosen(*t, {.path = "/a"}) == "r#1");
        CHECK(chosen(*t, {.path = "/zz"}) == "r#0");
        CHECK(chosen(*t, {.path = "/q"}) == "r#9");
        CHECK(chosen(*t, {.path = "/q", .query = "k=v"}) == "r#5");
        CHECK(chosen(*t, {.path = "/q", .query = "k=v", .headers = {{"X", "1"}}}) == "r#6");
        CHECK(chosen(*t, {.path = "/q", .headers = {{"x", "1"}, {"y", "1"}}}) == "r#7");
        CHECK(chosen(*t, {.method = "POST", .path = "/q", .headers = {{"x", "1"}, {"y", "1"}}}) ==
              "r#8");
    }
    TEST_CASE("a longer prefix that does not fit falls back to a shorter one") {
        const auto t =
            compile({route("r", {{prefix("/a")}, {with_method(prefix("/a/b/c"), "POST")}})});
        CHECK(chosen(*t, {.path = "/a/b/c/d"}) == "r#0");
        CHECK(chosen(*t, {.method = "POST", .path = "/a/b/c/d"}) == "r#1");
    }
    TEST_CASE("an exact path whose conditions fail falls back to a prefix") {
        const auto t = compile({route("r", {{prefix("/")}, {with_method(exact("/a"), "POST")}})});
        CHECK(chosen(*t, {.path = "/a"}) == "r#0");
    }
    TEST_CASE("ties: oldest route, then namespace/name, then rule, then match") {
        const auto t = compile({
            route("b", {{prefix("/t")}}),
            route("a", {{prefix("/t")}}),
            route("young", {{prefix("/t"), prefix("/o")}}, "2025-01-01T00:00:00Z"),
            route("old", {{prefix("/o")}}, "2024-01-01T00:00:00Z"),
            route("z", {{prefix("/n")}}, "", "aa"),
            route("a", {{prefix("/n")}}, "", "bb"),
            route("twice", {{prefix("/w")}, {prefix("/w")}}),
        });
        CHECK(chosen(*t, {.path = "/t"}) == "young#0");
        CHECK(chosen(*t, {.path = "/o"}) == "old#0");
        CHECK(chosen(*t, {.path = "/n"}) == "z#0");
        CHECK(chosen(*t, {.path = "/w"}) == "twice#0");
        const auto undated = compile({route("b", {{prefix("/t")}}), route("a", {{prefix("/t")}})});
        CHECK(chosen(*undated, {.path = "/t"}) == "a#0");
    }
    TEST_CASE(
        "headers: names in any case, values exact or a pattern, repeated ones joined by a comma") {
        const auto t = compile({route(
            "r", {
                     {with_header(prefix("/a"), "x-v", "a,b")},
                     {with_header(prefix("/b"), "x-v", "v[0-9]+", config::match_kind::regex)},
                 })});
        CHECK(chosen(*t, {.path = "/a", .headers = {{"X-V", "a"}, {"x-v", "b"}}}) == "r#0");
        CHECK(chosen(*t, {.path = "/a", .headers = {{"X-V", "a,b"}}}) == "r#0");
        CHECK(chosen(*t, {.path = "/a", .headers = {{"X-V", "a"}}}) == "no_rule");
        CHECK(chosen(*t, {.path = "/a", .headers = {{"X-V", "A,B"}}}) == "no_rule");
        CHECK(chosen(*t, {.path = "/a"}) == "no_rule");
        CHECK(chosen(*t, {.path = "/b", .headers = {{"x-v", "v12"}}}) == "r#1");
        CHECK(chosen(*t, {.path = "/b", .headers = {{"x-v", "xv12"}}}) == "no_rule");
    }
    TEST_CASE("query parameters: decoded, first of a repeated one, exact or a pattern") {
        const auto t = compile(
            {route("r", {
                            {with_query(prefix("/a"), "k", "a b")},
                            {with_query(prefix("/b"), "k", "[0-9]+", config::match_kind::regex)},
                        })});
        CHECK(chosen(*t, {.path = "/a", .query = "z=1&k=a+b&k=c"}) == "r#0");
        CHECK(chosen(*t, {.path = "/a", .query = "k=c&k=a+b"}) == "no_rule");
        CHECK(chosen(*t, {.path = "/b", .query = "k=17"}) == "r#1");
        CHECK(chosen(*t, {.path = "/b", .query = "k=17x"}) == "no_rule");
    }
    TEST_CASE(
        "many rules told apart by one header are found by its value, with precedence intact") {
        std::vector<std::vector<config::rule_match>> rules;
        for (int i = 0; i < 50; ++i)
            rules.push_back({with_header(prefix("/"), "x-model", "m" + std::to_string(i))});
        rules.push_back({with_header(with_header(prefix("/"), "x-model", "m7"), "x-tier", "gold")});
        rules.push_back({with_header(prefix("/"), "x-other", ".+", config::match_kind::regex)});
        rules.push_back({prefix("/")});
        const auto t = compile({route("r", std::move(rules))});
        CHECK(chosen(*t, {.headers = {{"X-Model", "m49"}}}) == "r#49");
        CHECK(chosen(*t, {.headers = {{"X-Model", "m7"}, {"x-tier", "gold"}}}) == "r#50");
        CHECK(chosen(*t, {.headers = {{"X-Model", "m7"}, {"x-other", "1"}}}) == "r#7");
        CHECK(chosen(*t, {.headers = {{"x-other", "1"}}}) == "r#51");
        CHECK(chosen(*t, {.headers = {{"x-model", "unknown"}}}) == "r#52");
        CHECK(chosen(*t, {.headers = {{"x-model", "m1"}, {"x-model", "m2"}}}) == "r#52");
    }
}
