#include "gateway/filters.hpp"

#include <doctest/doctest.h>

#include "weir/random.hpp"

using namespace weir;
using namespace weir::gateway;

namespace {

using text_fields = std::vector<std::pair<std::string, std::string>>;

text_fields edited(const config::header_edit& edit, const text_fields& in) {
    http::field_list fields;
    for (const auto& [name, value] : in) fields.add(name, value);
    text_fields out;
    for (const auto& f : edit_headers(edit, fields)) out.emplace_back(f.name, f.value);
    return out;
}

config::rule_match prefix(std::string value) {
    config::rule_match m;
    m.path_value = std::move(value);
    return m;
}

config::route_rule weights(std::initializer_list<std::uint32_t> values) {
    config::route_rule rule;
    for (const auto w : values) {
        config::backend_ref ref;
        ref.weight = w;
        rule.backends.push_back(ref);
    }
    return rule;
}

}  // namespace

TEST_SUITE("gateway/filters") {
    TEST_CASE("set replaces every instance, at the place of the first") {
        config::header_edit edit;
        edit.set = {{"X-A", "new"}, {"x-a", "ignored"}, {"X-B", "fresh"}};
        CHECK(edited(edit, {{"x-a", "1"}, {"Host", "h"}, {"X-a", "2"}}) ==
              text_fields{{"X-A", "new"}, {"Host", "h"}, {"X-B", "fresh"}});
    }
    TEST_CASE("add goes behind what is there, first entry of a name only") {
        config::header_edit edit;
        edit.add = {{"x-a", "2"}, {"X-A", "3"}, {"x-c", "4"}};
        CHECK(edited(edit, {{"X-A", "1"}, {"b", "b"}}) ==
              text_fields{{"X-A", "1"}, {"b", "b"}, {"x-a", "2"}, {"x-c", "4"}});
    }
    TEST_CASE("remove takes all instances whatever their case") {
        config::header_edit edit;
        edit.remove = {"x-a"};
        CHECK(edited(edit, {{"X-A", "1"}, {"b", "b"}, {"x-A", "2"}}) == text_fields{{"b", "b"}});
    }
    TEST_CASE("the replaced prefix follows the Gateway API table") {
        struct row {
            const char *path, *match, *replacement, *want;
        };
        const row rows[] = {
            {"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
            {"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
            {"/foo/bar", "/foo/", "/xyz", "/xyz/bar"},
            {"/foo/bar", "/foo/", "/xyz/", "/xyz/bar"},
            {"/foo", "/foo", "/xyz", "/xyz"},
            {"/foo/", "/foo", "/xyz", "/xyz/"},
            {"/foo/bar", "/foo", "", "/bar"},
            {"/foo/", "/foo", "", "/"},
            {"/foo", "/foo", "", "/"},
            {"/foo/", "/foo", "/", "/"},
            {"/foo", "/foo", "/", "/"},
            {"/foo/bar", "/foo", "/", "/bar"},
            {"/bar", "/", "/xyz", "/xyz/bar"},
            {"/", "/", "/xyz", "/xyz/"},
        };
        for (const auto& r : rows) {
            CAPTURE(r.path);
            CAPTURE(r.match);
            CAPTURE(r.replacement);
            CHECK(rewrite_path({false, r.replacement}, prefix(r.match), r.path) == r.want);
        }
        CHECK(rewrite_path({true, "/all"}, prefix("/foo"), "/foo/bar") == "/all");
    }
    TEST_CASE(
        "a redirect's port is the filter's, else the scheme's, else the listener's logical one") {
        struct row {
            std::optional<std::string> scheme;
            std::optional<std::uint16_t> port;
            std::uint16_t logical;
            const char* request_scheme;
            const char* want;
        };
        const row rows[] = {
            {{}, {}, 80, "http", "http://h/p"},          {{}, {}, 8080, "http", "http://h:8080/p"},
            {"https", {}, 8080, "http", "https://h/p"},  {"http", {}, 8443, "https", "http://h/p"},
            {{}, 8081, 80, "http", "http://h:8081/p"},   {"https", 443, 80, "http", "https://h/p"},
            {"http", 443, 80, "http", "http://h:443/p"}, {{}, 80, 8080, "http", "http://h/p"},
            {{}, {}, 443, "https", "https://h/p"},
        };
        for (const auto& r : rows) {
            CAPTURE(r.want);
            config::redirect_filter f;
            f.scheme = r.scheme;
            f.port = r.port;
            CHECK(redirect_location(f, prefix("/"),
                                    {r.request_scheme, "h:18080", "/p", "", false, r.logical}) ==
                  r.want);
        }
    }
    TEST_CASE("a redirect keeps the query and replaces host and path") {
        config::redirect_filter f;
        f.hostname = "example.org";
        f.path = config::path_modifier{false, "/new"};
        CHECK(
            redirect_location(f, prefix("/old"), {"http", "[::1]:80", "/old/x", "a=1", true, 80}) ==
            "http://example.org/new/x?a=1");
        config::redirect_filter same_host;
        CHECK(redirect_location(same_host, prefix("/"), {"http", "[::1]:9", "/", "", true, 8080}) ==
              "http://[::1]:8080/?");
    }
    TEST_CASE("shares follow the weights, and an invalid share keeps its own") {
        auto rule = weights({1, 3, 0});
        rule.backends[0].target.kind = config::backend_kind::invalid;
        rule.backends[1].target.kind = config::backend_kind::pool;
        random_source random(7);
        int first = 0;
        int zero = 0;
        for (int i = 0; i < 10000; ++i) {
            const auto* picked = pick_backend(rule, random());
            REQUIRE(picked != nullptr);
            first += picked == &rule.backends[0] ? 1 : 0;
            zero += picked == &rule.backends[2] ? 1 : 0;
        }
        CHECK(zero == 0);
        CHECK(first > 2300);
        CHECK(first < 2700);
    }
    TEST_CASE("no reference, or weights that sum to nothing, pick nothing") {
        CHECK(pick_backend(weights({}), 1) == nullptr);
        CHECK(pick_backend(weights({0}), 1) == nullptr);
        CHECK(pick_backend(weights({0, 0}), 1) == nullptr);
        const auto one = weights({5});
        CHECK(pick_backend(one, ~0ULL) == &one.backends[0]);
    }
    TEST_CASE("a mirror takes its fraction") {
        config::mirror_filter mirror;
        random_source random(3);
        int taken = 0;
        mirror.fraction = 0.25;
        for (int i = 0; i < 10000; ++i) taken += mirror_takes(mirror, random()) ? 1 : 0;
        CHECK(taken > 2300);
        CHECK(taken < 2700);
        mirror.fraction = 1;
        CHECK(mirror_takes(mirror, random()));
        mirror.fraction = 0;
        CHECK_FALSE(mirror_takes(mirror, random()));
    }
}
