#include "proxy/failure.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace weir;
using namespace weir::proxy;
using http::call_error;

namespace {

http::call_failure failure(call_error what, bool reused, bool sent, bool received = false) {
    http::call_failure f;
    f.what = what;
    f.reused = reused;
    f.sent = sent;
    f.received = received;
    return f;
}

}  // namespace

TEST_SUITE("proxy/failure") {
    TEST_CASE("a connect costs nothing: the next endpoint, three in all") {
        const auto refused = failure(call_error::connect_refused, false, false);
        attempt_history tried;
        tried.more_endpoints = true;
        for (const int failed : {1, 2}) {
            tried.connects_failed = failed;
            CHECK(after_failure(refused, tried) == next_step::next_endpoint);
        }
        tried.connects_failed = 3;
        CHECK(after_failure(refused, tried) == next_step::give_up);
        tried.connects_failed = 1;
        tried.more_endpoints = false;
        CHECK(after_failure(refused, tried) == next_step::give_up);
    }
    TEST_CASE("a reused connection that dies is replayed once, on a fresh one") {
        for (const auto what : {call_error::closed, call_error::reset}) {
            attempt_history tried;
            tried.dispatches = 1;
            CHECK(after_failure(failure(what, true, true), tried) == next_step::replay_fresh);
            tried.dispatches = 2;
            CHECK(after_failure(failure(what, true, true), tried) == next_step::give_up);
            CHECK(after_failure(failure(what, true, false), tried) == next_step::replay_fresh);
        }
    }
    TEST_CASE("a fresh connection that dies is retried only by the route") {
        attempt_history tried;
        tried.dispatches = 1;
        tried.more_endpoints = true;
        const auto died = failure(call_error::closed, false, true);
        CHECK(after_failure(died, tried) == next_step::give_up);
        tried.has_route_retry = true;
        tried.route_retries_left = 1;
        CHECK(after_failure(died, tried) == next_step::retry_by_route);
        tried.route_retries_left = 0;
        CHECK(after_failure(died, tried) == next_step::give_up);
    }
    TEST_CASE("a refused connection is retried by the route when no other endpoint is left") {
        const auto refused = failure(call_error::connect_refused, false, false);
        attempt_history tried;
        tried.connects_failed = 1;
        tried.has_route_retry = true;
        tried.route_retries_left = 1;
        CHECK(after_failure(refused, tried) == next_step::retry_by_route);
        tried.more_endpoints = true;
        CHECK(after_failure(refused, tried) == next_step::next_endpoint);
        tried.connects_failed = 3;
        CHECK(after_failure(refused, tried) == next_step::retry_by_route);
    }
    TEST_CASE("nothing is tried again after a response byte, or an answer that is no HTTP") {
        attempt_history tried;
        tried.has_route_retry = true;
        tried.route_retries_left = 3;
        tried.more_endpoints = true;
        CHECK(after_failure(failure(call_error::closed, true, true, true), tried) ==
              next_step::give_up);
        CHECK(after_failure(failure(call_error::protocol, true, true), tried) ==
              next_step::give_up);
    }
    TEST_CASE("each failure has the words of the guide") {
        const struct {
            call_error what;
            int code;
            int status;
            std::string_view end;
            std::string_view reason;
        } rows[] = {
            {call_error::connect_refused, ECONNREFUSED, 503,
             "remote connection failure, transport failure reason: delayed connect error: "
             "Connection refused",
             "connect-failed"},
            {call_error::connect_failed, EHOSTUNREACH, 503,
             "remote connection failure, transport failure reason: delayed connect error: No route "
             "to host",
             "connect-failed"},
            {call_error::connect_local, EMFILE, 503,
             "local connection failure, transport failure reason: immediate connect error: Too "
             "many open files",
             "connect-failed"},
            {call_error::connect_timeout, ETIMEDOUT, 503, "connection timeout", "connect-failed"},
            {call_error::closed, 0, 503, "connection termination", "upstream-reset"},
            {call_error::reset, ECONNRESET, 503, "remote reset", "upstream-reset"},
            {call_error::protocol, 0, 502, "protocol error", "bad-upstream"},
        };
        for (const auto& row : rows) {
            auto why = failure(row.what, false, false);
            why.code = row.code;
            const auto reply = reply_for(why);
            CHECK(reply.status == row.status);
            CHECK(reply.text ==
                  "upstream connect error or disconnect/reset before headers. reset reason: " +
                      std::string(row.end));
            CHECK(reply.reason == row.reason);
            CHECK((reply.retry_after != 0) == (row.status == 503));
        }
        CHECK(reply_for(failure(call_error::timeout, false, true)).text ==
              "upstream request timeout");
    }
}
