#include "config/resolve_hostnames.hpp"

#include <doctest/doctest.h>

using namespace weir::config;

TEST_SUITE("config/resolve_hostnames") {
    TEST_CASE("a listener and a route share the more specific hostname") {
        struct row {
            const char *listener, *route, *want;
        };
        const row rows[] = {
            {"", "", ""},
            {"", "a.com", "a.com"},
            {"a.com", "", "a.com"},
            {"test.example.com", "*.example.com", "test.example.com"},
            {"*.example.com", "foo.test.example.com", "foo.test.example.com"},
            {"*.example.com", "*.foo.example.com", "*.foo.example.com"},
            {"*.foo.example.com", "*.example.com", "*.foo.example.com"},
            {"very.specific.com", "*.specific.com", "very.specific.com"},
            {"*.example.com", "*.example.com", "*.example.com"},
            {"a.com", "a.com", "a.com"},
        };
        for (const auto& r : rows) {
            CAPTURE(r.listener);
            CAPTURE(r.route);
            CHECK(intersect_hostnames(r.listener, r.route) == r.want);
        }
    }
    TEST_CASE("an apex, another domain and a longer label share nothing") {
        CHECK_FALSE(intersect_hostnames("*.example.com", "example.com"));
        CHECK_FALSE(intersect_hostnames("*.example.com", "example.net"));
        CHECK_FALSE(intersect_hostnames("a.com", "b.com"));
        CHECK_FALSE(intersect_hostnames("*.example.com", "badexample.com"));
        CHECK_FALSE(intersect_hostnames("*.a.com", "*.b.com"));
    }
    TEST_CASE("hostnames that do not fit are left out, and none left is no match") {
        using names = std::vector<std::string>;
        CHECK(shared_hostnames("very.specific.com",
                               {"non.matching.com", "*.specific.com", "very.specific.com"}) ==
              names{"very.specific.com"});
        CHECK(shared_hostnames("", {}) == names{});
        CHECK(shared_hostnames("a.com", {}) == names{"a.com"});
        CHECK_FALSE(shared_hostnames("a.com", {"b.com"}));
    }
    TEST_CASE("overlap is asked for certificates") {
        CHECK(hostnames_overlap("", "a.com"));
        CHECK(hostnames_overlap("*.a.com", "b.a.com"));
        CHECK_FALSE(hostnames_overlap("*.a.com", "b.com"));
    }
}
