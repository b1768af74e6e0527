#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

namespace {

reading::reader read(std::string_view match) {
    return reading::read(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n"
        "  rules: [{matches: [" +
        std::string(match) + "]}]\n");
}

}  // namespace

TEST_SUITE("config/route_match") {
    TEST_CASE("kinds, names and values are taken over, header names in lower case") {
        const auto r = read(
            "{path: {type: Exact, value: /v1}, method: GET, headers: [{name: X-Tenant, value: a},"
            " {name: X-B, type: RegularExpression, value: \"a+\"}], queryParams: [{name: Q, value: "
            "\"1\"}]}");
        REQUIRE(reading::said(r.found) == "");
        const auto& m = r.all.http_routes.at(0).rules.at(0).matches.at(0).value;
        CHECK(m.path == path_kind::exact);
        CHECK(m.path_value == "/v1");
        CHECK(m.method == "GET");
        REQUIRE(m.headers.size() == 2);
        CHECK(m.headers[0].name == "x-tenant");
        CHECK(m.headers[1].kind == match_kind::regex);
        CHECK(m.query.at(0).name == "Q");
    }

    TEST_CASE("of header names that differ in case only the first counts") {
        const auto r = read("{headers: [{name: X-A, value: a}, {name: x-a, value: b}]}");
        REQUIRE(r.found.list().size() == 1);
        CHECK(r.found.list()[0].code == "WEIR0211");
        CHECK(r.found.list()[0].level == severity::warning);
        const auto& m = r.all.http_routes.at(0).rules.at(0).matches.at(0).value;
        REQUIRE(m.headers.size() == 1);
        CHECK(m.headers[0].value == "a");
    }

    TEST_CASE("query parameters are case-sensitive and regular expressions are no paths") {
        CHECK(
            read("{queryParams: [{name: a, value: x}, {name: A, value: y}]}").found.list().empty());
        CHECK(
            read("{path: {type: RegularExpression, value: \"/a/[^/]+//?\"}}").found.list().empty());
    }
}
