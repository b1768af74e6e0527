#include <doctest/doctest.h>

#include "support.hpp"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;

namespace {

std::string described(const table& t, const asked& a) {
    http::field_list fields;
    const auto& socket = t.sockets().front();
    const request_view request{a.host, a.method, a.path, a.query, &fields, a.sni};
    return t.describe_no_match(socket, request, table::match(socket, request));
}

}  // namespace

TEST_SUITE("gateway/nearest") {
    TEST_CASE("a mistyped path is answered with the route that was meant") {
        const auto t = compile({route("chat", {{exact("/v1/chat/completions")}}),
                                route("models", {{prefix("/v1/models")}})});
        CHECK(described(*t, {.method = "POST", .path = "/v1/chat/completion"}) ==
              "no route matches POST /v1/chat/completion on host \"h\"; did you mean HTTPRoute "
              "default/chat, Exact "
              "/v1/chat/completions");
    }
    TEST_CASE("a path that fits but whose other conditions do not is said so") {
        const auto t = compile({route("r", {{with_method(prefix("/v1"), "POST")}})});
        CHECK(described(*t, {.path = "/v1/x"}) ==
              "no route matches GET /v1/x on host \"h\"; HTTPRoute default/r, PathPrefix /v1 has "
              "this path but another "
              "host, method, header or query parameter");
    }
    TEST_CASE("an unknown host names one that is served") {
        const auto t =
            compile({route("r", {{prefix("/")}})}, {listener("l", "a.com", {{0, {"a.com"}}})});
        CHECK(described(*t, {.host = "b.com"}) ==
              "no listener serves GET / on host \"b.com\"; listener default/gw/l serves host "
              "\"a.com\"");
    }
    TEST_CASE("nothing attached, nothing near and very long paths have their sentence too") {
        CHECK(described(*compile({}), {.path = "/x"})
                  .ends_with("no route is attached to this listener"));
        const auto t = compile({route("r", {{prefix("/completely/different")}})});
        CHECK(described(*t, {.path = "/x"})
                  .ends_with("there is HTTPRoute default/r, PathPrefix /completely/different"));
        CHECK(described(*t, {.path = "/" + std::string(30000, 'x')}).size() < 400);
    }
}
