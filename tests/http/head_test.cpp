#include "http/head.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir::http;

namespace {

head_outcome parse(std::string_view bytes, request_head& head, head_limits limits = {}) {
    std::size_t scanned = 0;
    return parse_request(bytes, scanned, limits, head);
}

int refusal_of(std::string_view bytes) {
    request_head head;
    const auto out = parse(bytes, head);
    return out.what == head_outcome::kind::refused ? out.why.status : 0;
}

std::string with(std::string_view fields) {
    return "POST /v1/completions HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_SUITE("http/head") {
    TEST_CASE("an ordinary request is split into its parts") {
        request_head head;
        const std::string text =
            "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: "
            "12\r\n"
            "Expect: 100-continue\r\nX-Empty:\r\nX-Tab:\t a b \t\r\n\r\nrest";
        const auto out = parse(text, head);
        REQUIRE(out.what == head_outcome::kind::complete);
        CHECK(text.substr(out.consumed) == "rest");
        CHECK(head.method == "POST");
        CHECK(head.target == "/v1/chat/completions?x=1");
        CHECK(head.host == "localhost:8080");
        CHECK(head.body == framing::length);
        CHECK(head.content_length == 12);
        CHECK(head.expect_continue);
        CHECK(head.keep_alive);
        CHECK(head.fields.get("x-tab") == "a b");
        CHECK(head.fields.has("x-empty"));
    }
    TEST_CASE("a head may arrive in pieces of any size") {
        const std::string text = with("Transfer-Encoding: chunked\r\n");
        request_head head;
        std::size_t scanned = 0;
        for (std::size_t n = 0; n < text.size(); ++n) {
            CHECK(parse_request({text.data(), n}, scanned, {}, head).what ==
                  head_outcome::kind::incomplete);
        }
        CHECK(parse_request(text, scanned, {}, head).what == head_outcome::kind::complete);
        CHECK(head.body == framing::chunked);
    }
    TEST_CASE("framing that two parsers could read differently is refused") {
        const std::vector<std::string> bad = {
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 3\r\nContent-Length: 3\r\n",
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "Content-Length: 3, 3\r\n",
            "Content-Length: +3\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 0x3\r\n",
            "Content-Length: 3 3\r\n",
            "Content-Length:\r\n",
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length : 3\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: ,chunked\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked\x0b\r\n",
            "X: a\nb\r\n",
            "X: a\rb\r\n",
            std::string("X: a\0b\r\n", 8),
            std::string("X\0Y: a\r\n", 8),
            "X: a\r\n b\r\n",
            "NoColon\r\n",
            ": empty\r\n",
            "Host: b\r\n",
            "Expect: 200-maybe\r\n",
        };
        for (const auto& fields : bad) {
            CAPTURE(fields);
            CHECK(refusal_of(with(fields)) >= 400);
        }
        CHECK(refusal_of(with("Transfer-Encoding: gzip\r\n")) == 501);
        CHECK(refusal_of(with("Expect: 200-maybe\r\n")) == 417);
    }
    TEST_CASE("request lines that RFC 9112 forbids are refused") {
        const std::vector<std::pair<std::string, int>> bad = {
            {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
            {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
            {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
            {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
            {"GET / HTTP/1.7\r\nHost: a\r\n\r\n", 505},
            {"GET /\r\nHost: a\r\n\r\n", 400},
            {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
            {"GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
            {"POST * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
            {"GET / HTTP/1.1\nHost: a\n\n", 400},
            {"\x16\x03\x01\x02", 400},
        };
        for (const auto& [text, status] : bad) {
            CAPTURE(text);
            CHECK(refusal_of(text) == status);
        }
    }
    TEST_CASE("a request line is refused once it is whole, however it arrives") {
        const std::vector<std::pair<std::string, int>> bad = {
            {"SSH-2.0-OpenSSH_9.2\r\n", 400},
            {"GET / HTTP/2.0\r\n", 505},
            {"\r\nget / HTTP/1.1\r\n", 400},
            {"\r\n\r\n", 400},
        };
        for (const auto& [line, status] : bad) {
            CAPTURE(line);
            CHECK(refusal_of(line) == status);
            CHECK(refusal_of(line + "Host: a\r\nX: a\0b") == status);
            request_head head;
            std::size_t scanned = 0;
            head_outcome outcome;
            std::size_t n = 0;
            while (n < line.size() && outcome.what == head_outcome::kind::incomplete)
                outcome = parse_request({line.data(), ++n}, scanned, {}, head);
            CHECK(n == line.size());
            CHECK(outcome.why.status == status);
        }
    }
    TEST_CASE("what clients really send is accepted") {
        request_head head;
        CHECK(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", head).what ==
              head_outcome::kind::complete);
        CHECK(parse("GET / HTTP/1.0\r\n\r\n", head).what == head_outcome::kind::complete);
        CHECK_FALSE(head.keep_alive);
        CHECK(parse("GET http://x:8/p?q HTTP/1.1\r\nHost: a\r\n\r\n", head).what ==
              head_outcome::kind::complete);
        CHECK(head.fields.get("host") == "x:8");
        CHECK(head.host == "x:8");
        CHECK(head.target == "/p?q");
        CHECK(parse("GET HTTP://x?q HTTP/1.1\r\nHost: a\r\n\r\n", head).what ==
              head_outcome::kind::complete);
        CHECK(head.host == "x");
        CHECK(head.target == "?q");
        CHECK(parse("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", head).what ==
              head_outcome::kind::complete);
    }
    TEST_CASE("each limit names its flag") {
        request_head head;
        head_limits limits{64, 256, 3};
        const auto why = [&](const std::string& text) { return parse(text, head, limits).why; };
        CHECK(why("GET /" + std::string(100, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").status == 414);
        CHECK(why("GET /" + std::string(300, 'a')).status == 414);
        CHECK(why("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(300, 'a')).status == 431);
        CHECK(why("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n").status == 431);
        CHECK(why("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n")
                  .message.find("--max-fields") != std::string::npos);
    }
    TEST_CASE("a refused head still says which answer its client accepts") {
        struct row {
            std::string_view text;
            std::string_view accept;
            std::string_view id;
        };
        for (const auto& r : {
                 row{"GET / HTTP/1.1\r\nACCEPT:  a/b \r\nx-request-id: 7\r\nx: aaaa", "a/b", "7"},
                 row{"GET /aaaaaa HTTP/1.1\r\naccept: a/b\r\n\r\naccept: c/d\r\n", "a/b", ""},
                 row{"\r\nGET / HTTP/1.1\r\naccept\r\naccept: a/b\r\n", "a/b", ""},
                 row{"GET / HTTP/1.1\r\naccept: a/b", "", ""},
                 row{"GET / HTTP/1.1\r\nx: \x01\r\naccept: a/b\r\n", "", ""},
                 row{"GET /", "", ""},
                 row{"", "", ""},
             }) {
            CAPTURE(r.text);
            request_head head;
            salvage_fields(r.text, head);
            CHECK(head.fields.get("accept") == r.accept);
            CHECK(head.fields.get("x-request-id") == r.id);
        }
    }
    TEST_CASE("answers are framed by what they say, and refused when they say two things") {
        response_head head;
        const auto answer = [&](std::string_view text, std::string_view method = "GET") {
            std::size_t scanned = 0;
            return parse_response(text, scanned, method, head).what;
        };
        CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") ==
              head_outcome::kind::complete);
        CHECK(head.body == framing::length);
        CHECK(answer("HTTP/1.1 200\r\nX: 1\r\n\r\n") == head_outcome::kind::complete);
        CHECK(head.fields.get("x") == "1");
        CHECK(head.body == framing::until_close);
        CHECK_FALSE(head.keep_alive);
        CHECK(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") ==
              head_outcome::kind::complete);
        CHECK(head.body == framing::none);
        CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD") ==
              head_outcome::kind::complete);
        CHECK(head.body == framing::none);
        for (const auto* bad :
             {"HTTP/1.1 99 X\r\n\r\n", "HTTP/1.1 1000 X\r\n\r\n", "\x15\x03\x01", "hello",
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
              "HTTP/1.1 200 OK\nX: 1\n\n", "HTTP/2 200\r\n\r\n"}) {
            CAPTURE(bad);
            CHECK(answer(bad) == head_outcome::kind::refused);
        }
    }
}
