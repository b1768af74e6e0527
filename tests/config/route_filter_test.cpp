#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

namespace {

reading::reader read(std::string_view filters) {
    return reading::read(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n"
        "  rules: [{filters: " +
        std::string(filters) + "}]\n");
}

const filter_spec& first(const reading::reader& r) {
    return r.all.http_routes.at(0).rules.at(0).filters.at(0);
}

}  // namespace

TEST_SUITE("config/route_filter") {
    TEST_CASE("header modifiers") {
        const auto r = read(
            "[{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: b}],"
            " add: [{name: c, value: d}], remove: [X-Old]}}]");
        REQUIRE(reading::said(r.found) == "");
        const auto& edit = std::get<header_edit>(first(r).value);
        CHECK(edit.set.at(0).first == "X-A");
        CHECK(edit.add.at(0).second == "d");
        CHECK(edit.remove.at(0) == "x-old");
    }

    TEST_CASE("redirects and rewrites") {
        const auto r = read(
            "[{type: RequestRedirect, requestRedirect: {scheme: https, hostname: a.com, port: 8443,"
            " statusCode: 308, path: {type: ReplacePrefixMatch, replacePrefixMatch: \"\"}}}]");
        REQUIRE(reading::said(r.found) == "");
        const auto& redirect = std::get<redirect_filter>(first(r).value);
        CHECK(redirect.status == 308);
        CHECK(redirect.port == 8443);
        CHECK(*redirect.hostname == "a.com");
        CHECK_FALSE(redirect.path->full);
        const auto w = read(
            "[{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: "
            "/x}}}]");
        CHECK(std::get<rewrite_filter>(first(w).value).path->full);
    }

    TEST_CASE("mirrors take a percentage or a fraction, and all without") {
        const auto r = read(
            "[{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 80}, percent: 25}},"
            " {type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}, fraction: "
            "{numerator: 1,"
            " denominator: 8}}}, {type: RequestMirror, requestMirror: {backendRef: {name: c, port: "
            "80}}}]");
        REQUIRE(reading::said(r.found) == "");
        const auto& filters = r.all.http_routes.at(0).rules.at(0).filters;
        CHECK(std::get<mirror_spec>(filters.at(0).value).fraction == doctest::Approx(0.25));
        CHECK(std::get<mirror_spec>(filters.at(1).value).fraction == doctest::Approx(0.125));
        CHECK(std::get<mirror_spec>(filters.at(2).value).fraction == doctest::Approx(1));
    }

    TEST_CASE("CORS") {
        const auto r = read(
            "[{type: CORS, cors: {allowOrigins: [\"https://*.a.com\"], allowMethods: [\"*\"],"
            " allowCredentials: true, maxAge: 600}}]");
        REQUIRE(reading::said(r.found) == "");
        const auto& cors = std::get<cors_filter>(first(r).value);
        CHECK(cors.allow_credentials);
        CHECK(cors.max_age_seconds == 600);
        CHECK(cors.allow_methods.at(0) == "*");
    }

    TEST_CASE("an unknown type keeps its place with a warning, whatever its member") {
        const auto r = read("[{type: RateLimit, rateLimit: {requests: 5}}]");
        CHECK_FALSE(r.found.has_errors());
        CHECK(reading::said(r.found).starts_with("WEIR0214 5:29 "));
        CHECK(first(r).type == filter_type::unsupported);
        CHECK(first(r).type_name.value == "RateLimit");
        CHECK(r.all.http_routes.at(0).meta.valid);
    }

    TEST_CASE("an extension keeps its reference") {
        const auto r =
            read("[{type: ExtensionRef, extensionRef: {group: a.b, kind: Limit, name: x}}]");
        CHECK(r.found.list().empty());
        CHECK(std::get<object_ref>(first(r).value).kind.value == "Limit");
    }

    TEST_CASE("a prefix may be replaced where the rule has one prefix, also the default one") {
        CHECK(read("[{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, "
                   "replacePrefixMatch: /x}}}]")
                  .found.list()
                  .empty());
    }
}
