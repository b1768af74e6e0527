#include "proxy/header_rules.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::proxy;

namespace {

http::field_list fields(std::initializer_list<http::field> list) {
    http::field_list out;
    for (const auto& f : list) out.add(f.name, f.value);
    return out;
}

std::string upstream_head(const http::field_list& list) {
    forwarding_facts facts;
    facts.request_id = "id";
    facts.peer_ip = "192.0.2.1";
    facts.proto = "http";
    facts.host = "a:80";
    std::string out;
    append_upstream_head(out, "GET", "/x?y", list, facts);
    return out;
}

}  // namespace

TEST_SUITE("proxy/header_rules") {
    TEST_CASE("what belongs to one connection, or to weir, is not passed on") {
        for (const auto* name : {"Connection",
                                 "keep-alive",
                                 "TE",
                                 "Trailer",
                                 "Transfer-Encoding",
                                 "Upgrade",
                                 "Proxy-Connection",
                                 "Proxy-Authorization",
                                 "Expect",
                                 "HTTP2-Settings",
                                 "x-gateway-destination-endpoint",
                                 "X-Gateway-Inference-Objective",
                                 "x_gateway_inference_objective",
                                 "x_gateway_destination_endpoint_served",
                                 "X_Gateway_Model_Name_Rewrite",
                                 "x-llm-d-anything",
                                 "x-weir-reason",
                                 "X_Forwarded_For",
                                 "content_length",
                                 "Transfer_Encoding",
                                 "x_request_id"}) {
            CHECK_MESSAGE(classify_field(name) != field_class::end_to_end, name);
            CHECK(upstream_head(fields({{name, "evil"}})).find("evil") == std::string::npos);
        }
        for (const auto* name : {"Authorization", "accept", "X-Forwarded-Port", "Forwarded",
                                 "x-gateway", "traceparent", "te2", "Cookie", "x_gateway",
                                 "my_host", "content_length_of_something_else_entirely"}) {
            CHECK_MESSAGE(classify_field(name) == field_class::end_to_end, name);
        }
    }
    TEST_CASE("a client's own chain is kept and continued, the rest is overwritten") {
        const auto head = upstream_head(fields({{"X-Forwarded-For", "9.9.9.9"},
                                                {"x-forwarded-for", "8.8.8.8"},
                                                {"Via", "1.0 before"},
                                                {"X-Forwarded-Proto", "gopher"},
                                                {"X-Forwarded-Host", "evil"},
                                                {"X-Request-Id", "theirs"},
                                                {"Host", "evil"}}));
        CHECK(head ==
              "GET /x?y HTTP/1.1\r\nhost: a:80\r\nx-request-id: id\r\n"
              "x-forwarded-for: 9.9.9.9, 8.8.8.8, 192.0.2.1\r\nx-forwarded-proto: http\r\n"
              "x-forwarded-host: a:80\r\nvia: 1.0 before, 1.1 weir\r\n");
    }
    TEST_CASE("a Connection field takes away what it names, but no framing and nothing of weir's") {
        const auto list = fields({{"Connection", "close, X-Hop ,host,content-length"},
                                  {"connection", "x-forwarded-for, x-request-id"},
                                  {"x-hop", "1"},
                                  {"X-Forwarded-For", "9.9.9.9"},
                                  {"x-keep", "2"}});
        const nominated_fields nominated(list);
        CHECK(nominated.contains("X-HOP"));
        CHECK_FALSE(nominated.contains("host"));
        CHECK_FALSE(nominated.contains("content-length"));
        const auto head = upstream_head(list);
        CHECK(head.find("x-hop") == std::string::npos);
        CHECK(head.find("x-keep: 2\r\n") != std::string::npos);
        CHECK(head.find("x-forwarded-for: 9.9.9.9, 192.0.2.1\r\n") != std::string::npos);
        CHECK(head.find("connection") == std::string::npos);
    }
    TEST_CASE("trailers pass but for those that frame, route, authenticate or describe") {
        CHECK(passing_trailers("X-Sum: 1\r\nContent-Length: 4\r\ngrpc-status:0\r\n"
                               "Set-Cookie: a\r\nx-weir-reason: b\r\nHost: c\r\nTE: d\r\n") ==
              "X-Sum: 1\r\ngrpc-status:0\r\n");
        CHECK(announces_passing_trailers("X-Sum , grpc-status"));
        CHECK_FALSE(announces_passing_trailers("X-Sum, Content-Type"));
    }
    TEST_CASE("a client says with TE that it takes trailers") {
        const auto takes = [](std::string_view te) { return takes_trailers(fields({{"Te", te}})); };
        CHECK(takes("trailers"));
        CHECK(takes("gzip;q=0.5, Trailers"));
        CHECK_FALSE(takes("gzip"));
        CHECK_FALSE(takes(""));
        CHECK_FALSE(takes_trailers({}));
    }
    TEST_CASE("a request id is 1 to 128 printable characters") {
        CHECK(usable_request_id("a"));
        CHECK(usable_request_id(std::string(128, 'x')));
        CHECK_FALSE(usable_request_id(""));
        CHECK_FALSE(usable_request_id(std::string(129, 'x')));
        CHECK_FALSE(usable_request_id("a b"));
        CHECK_FALSE(usable_request_id("\xc3\xa9"));
    }
    TEST_CASE("a route may set or remove what weir writes itself, but not Host this way") {
        auto head = upstream_head(fields({}));
        config::header_edit edit;
        edit.set = {{"X-Forwarded-Proto", "https"}, {"Host", "b"}, {"content-length", "3"}};
        edit.remove = {"VIA"};
        edit_own_fields(head, edit);
        CHECK(head.find("X-Forwarded-Proto: https\r\n") != std::string::npos);
        CHECK(head.find("x-forwarded-proto: http\r\n") == std::string::npos);
        CHECK(head.find("via") == std::string::npos);
        CHECK(head.find("host: a:80\r\n") != std::string::npos);
        CHECK(head.find("content-length") == std::string::npos);
    }
}
