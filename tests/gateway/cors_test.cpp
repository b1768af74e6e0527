#include "gateway/cors.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::gateway;

namespace {

http::field_list request_from(std::string_view origin) {
    http::field_list fields;
    fields.add("Origin", origin);
    fields.add("Access-Control-Request-Method", "PUT");
    fields.add("Access-Control-Request-Headers", "x-one, x-two");
    return fields;
}

std::string get(const response_fields& fields, std::string_view name) {
    for (const auto& [n, v] : fields) {
        if (n == name) return v;
    }
    return "(absent)";
}

}  // namespace

TEST_SUITE("gateway/cors") {
    TEST_CASE("a preflight is OPTIONS with an origin and a requested method") {
        const auto fields = request_from("https://a.com");
        CHECK(is_cors_preflight("OPTIONS", fields));
        CHECK_FALSE(is_cors_preflight("GET", fields));
        http::field_list origin_only;
        origin_only.add("origin", "https://a.com");
        CHECK_FALSE(is_cors_preflight("OPTIONS", origin_only));
    }
    TEST_CASE("origins match exactly, by wildcard to the left, or all") {
        config::cors_filter cors;
        cors.allow_origins = {"https://*.bar.com", "http://foo.com:8080"};
        CHECK(origin_allowed(cors, "https://xpto.www.bar.com"));
        CHECK(origin_allowed(cors, "http://foo.com:8080"));
        for (const auto* no :
             {"https://bar.com", "http://x.bar.com", "http://foo.com", "https://x.bar.com:8443",
              "https://evil.com/.bar.com", "https://x.bar.com.evil.com", "null", ""}) {
            CAPTURE(no);
            CHECK_FALSE(origin_allowed(cors, no));
        }
        cors.allow_origins = {"*"};
        CHECK(origin_allowed(cors, "https://anything"));
    }
    TEST_CASE("without credentials a star is answered as a star") {
        config::cors_filter cors;
        cors.allow_origins = {"*"};
        cors.allow_methods = {"*"};
        cors.allow_headers = {"*"};
        const auto out = cors_preflight_fields(cors, request_from("https://a.com"));
        CHECK(get(out, "access-control-allow-origin") == "*");
        CHECK(get(out, "access-control-allow-methods") == "*");
        CHECK(get(out, "access-control-allow-headers") == "*");
        CHECK(get(out, "access-control-max-age") == "5");
        CHECK(get(out, "access-control-allow-credentials") == "(absent)");
        CHECK(get(out, "vary") == "(absent)");
    }
    TEST_CASE("with credentials nothing is answered as a star") {
        config::cors_filter cors;
        cors.allow_origins = {"*"};
        cors.allow_methods = {"*"};
        cors.allow_headers = {"*"};
        cors.expose_headers = {"*"};
        cors.allow_credentials = true;
        const auto out = cors_preflight_fields(cors, request_from("https://a.com"));
        CHECK(get(out, "access-control-allow-origin") == "https://a.com");
        CHECK(get(out, "access-control-allow-methods") == "PUT");
        CHECK(get(out, "access-control-allow-headers") == "x-one, x-two");
        CHECK(get(out, "access-control-allow-credentials") == "true");
        CHECK(get(out, "access-control-expose-headers") == "(absent)");
        CHECK(get(out, "vary") == "Origin");
    }
    TEST_CASE("lists are answered as lists, expose-headers on both kinds of answer") {
        config::cors_filter cors;
        cors.allow_origins = {"https://a.com"};
        cors.allow_methods = {"GET", "PUT"};
        cors.allow_headers = {"x-one"};
        cors.expose_headers = {"x-e1", "x-e2"};
        cors.max_age_seconds = 1728;
        const auto out = cors_preflight_fields(cors, request_from("https://a.com"));
        CHECK(get(out, "access-control-allow-methods") == "GET, PUT");
        CHECK(get(out, "access-control-allow-headers") == "x-one");
        CHECK(get(out, "access-control-expose-headers") == "x-e1, x-e2");
        CHECK(get(out, "access-control-max-age") == "1728");
        const auto simple = cors_response_fields(cors, request_from("https://a.com"));
        CHECK(get(simple, "access-control-expose-headers") == "x-e1, x-e2");
        CHECK(get(simple, "access-control-allow-methods") == "(absent)");
    }
    TEST_CASE("another origin, or none, gets no CORS field, only what keeps caches from mixing") {
        config::cors_filter cors;
        cors.allow_origins = {"https://a.com"};
        const response_fields vary{{"vary", "Origin"}};
        CHECK(cors_preflight_fields(cors, request_from("https://b.com")) == vary);
        CHECK(cors_response_fields(cors, request_from("https://b.com")) == vary);
        CHECK(cors_response_fields(cors, {}) == vary);
        cors.allow_origins = {"*"};
        CHECK(cors_response_fields(cors, {}).empty());
        cors.allow_origins.clear();
        CHECK(cors_response_fields(cors, request_from("https://b.com")).empty());
    }
    TEST_CASE("the endpoint's own CORS fields give way") {
        CHECK(is_cors_response_field("Access-Control-Allow-Origin"));
        CHECK_FALSE(is_cors_response_field("vary"));
    }
}
