#include "proxy/answer_filters.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::proxy;

namespace {

http::field_list from_origin(std::string_view origin) {
    http::field_list request;
    if (!origin.empty()) request.add("Origin", origin);
    return request;
}

config::cors_filter allowing(std::string origin) {
    config::cors_filter cors;
    cors.allow_origins = {std::move(origin)};
    return cors;
}

std::string applied(const config::filter_set& rule, std::vector<http::field> fields,
                    std::string_view origin = {}, const config::backend_ref* backend = nullptr) {
    config::route_rule config;
    config.filters = rule;
    gateway::rule selected;
    selected.config = &config;
    selected.plain = false;
    const auto filters = answer_filters_of(selected, backend, from_origin(origin));
    apply_answer_filters(filters, fields);
    std::string out;
    for (const auto& f : fields) out.append(f.name).append("=").append(f.value).append(";");
    return out;
}

}  // namespace

TEST_SUITE("proxy/answer_filters") {
    TEST_CASE("a rule without filters leaves an answer alone") {
        gateway::rule plain;
        const auto filters = answer_filters_of(plain, nullptr, {});
        CHECK(filters.rule == nullptr);
        std::vector<http::field> fields{{"a", "1"}};
        apply_answer_filters(filters, fields);
        CHECK(fields.size() == 1);
    }
    TEST_CASE("fields are edited by the rule, then by the backend, and framing by neither") {
        config::filter_set rule;
        rule.response_headers.emplace();
        rule.response_headers->set = {
            {"x", "rule"}, {"Content-Length", "9"}, {"Connection", "close"}};
        config::backend_ref backend;
        backend.filters.response_headers.emplace();
        backend.filters.response_headers->set = {{"x", "backend"}};
        CHECK(applied(rule, {{"x", "0"}, {"y", "1"}}) == "x=rule;y=1;");
        CHECK(applied(rule, {{"x", "0"}, {"y", "1"}}, {}, &backend) == "x=backend;y=1;");
    }
    TEST_CASE("CORS fields of an endpoint give way, and Vary is kept") {
        config::filter_set rule;
        rule.cors = allowing("https://a.example");
        const std::vector<http::field> answer{{"Access-Control-Allow-Origin", "*"},
                                              {"Vary", "Accept"}};
        CHECK(applied(rule, answer, "https://a.example") ==
              "Vary=Accept;access-control-allow-origin=https://a.example;vary=Origin;");
        CHECK(applied(rule, answer, "https://b.example") == "Vary=Accept;vary=Origin;");
        CHECK(applied(rule, {{"Vary", "Accept, Origin"}}, "https://a.example") ==
              "Vary=Accept, Origin;access-control-allow-origin=https://a.example;");
    }
}
