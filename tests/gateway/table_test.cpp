#include "gateway/table.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;

TEST_SUITE("gateway/table") {
    TEST_CASE(
        "a request goes to the listener with the most specific hostname, and to its routes alone") {
        const auto t =
            compile({route("any", {{prefix("/")}}), route("wild", {{prefix("/w")}}),
                     route("deep", {{prefix("/d")}}), route("exact", {{prefix("/e")}})},
                    {
                        listener("any", "", {{0, {}}}),
                        listener("wild", "*.example.com", {{1, {"*.example.com"}}}),
                        listener("deep", "*.foo.example.com", {{2, {"*.foo.example.com"}}}),
                        listener("exact", "a.foo.example.com", {{3, {"a.foo.example.com"}}}),
                    });
        CHECK(chosen(*t, {.host = "other.org", .path = "/x"}) == "any#0");
        CHECK(chosen(*t, {.host = "example.com", .path = "/x"}) == "any#0");
        CHECK(chosen(*t, {.host = "b.example.com", .path = "/w"}) == "wild#0");
        CHECK(chosen(*t, {.host = "B.Example.com:8080", .path = "/w"}) == "wild#0");
        CHECK(chosen(*t, {.host = "b.example.com", .path = "/x"}) == "no_rule");
        CHECK(chosen(*t, {.host = "x.y.foo.example.com", .path = "/d"}) == "deep#0");
        CHECK(chosen(*t, {.host = "a.foo.example.com", .path = "/e"}) == "exact#0");
        CHECK(chosen(*t, {.host = "a.foo.example.com", .path = "/d"}) == "no_rule");
        CHECK(match(*t, {.host = "a.foo.example.com", .path = "/d"}).listener->name == "exact");
    }
    TEST_CASE("a host that no listener serves finds none") {
        const auto t =
            compile({route("r", {{prefix("/")}})}, {listener("l", "a.com", {{0, {"a.com"}}})});
        CHECK(chosen(*t, {.host = "b.com"}) == "no_listener");
        CHECK(chosen(*t, {.host = ""}) == "no_listener");
        CHECK(chosen(*t, {.host = "a.com."}) == "r#0");
    }
    TEST_CASE("within a listener the more specific hostname wins before any path, and falls back") {
        const auto t = compile(
            {route("exact", {{prefix("/e")}}), route("wild", {{prefix("/e/x")}, {prefix("/w")}}),
             route("any", {{prefix("/")}})},
            {listener("l", "", {{0, {"a.b.com"}}, {1, {"*.b.com"}}, {2, {}}})});
        CHECK(chosen(*t, {.host = "a.b.com", .path = "/e/x"}) == "exact#0");
        CHECK(chosen(*t, {.host = "a.b.com", .path = "/w"}) == "wild#1");
        CHECK(chosen(*t, {.host = "a.b.com", .path = "/zzz"}) == "any#0");
        CHECK(chosen(*t, {.host = "c.b.com", .path = "/e/x"}) == "wild#0");
    }
    TEST_CASE("a host and a server name of different listeners are misdirected") {
        auto one = listener("one", "a.com", {{0, {"a.com"}}});
        auto two = listener("two", "*.b.com", {{0, {"*.b.com"}}});
        one.protocol = two.protocol = config::listener_protocol::https;
        const auto t = compile({route("r", {{prefix("/x")}})}, {one, two});
        CHECK(chosen(*t, {.host = "a.com", .path = "/x", .sni = "a.com"}) == "r#0");
        CHECK(chosen(*t, {.host = "x.b.com", .path = "/x", .sni = "y.b.com"}) == "r#0");
        CHECK(chosen(*t, {.host = "x.b.com", .path = "/x", .sni = "a.com"}) == "misdirected");
        CHECK(chosen(*t, {.host = "c.com", .path = "/x", .sni = "a.com"}) == "no_listener");
        CHECK(chosen(*t, {.host = "a.com", .path = "/none", .sni = "A.com"}) == "no_rule");
        CHECK(chosen(*t, {.host = "", .path = "/x", .sni = "a.com"}) == "r#0");
        CHECK(chosen(*t, {.host = "a.com", .path = "/x"}) == "r#0");
    }
    TEST_CASE("listeners are grouped by the socket they share") {
        auto one = listener("one", "a.com", {{0, {"a.com"}}});
        auto two = listener("two", "b.com", {{0, {"b.com"}}});
        auto three = listener("three", "", {{0, {}}});
        three.bind_port = 9090;
        const auto t = compile({route("r", {{prefix("/")}})}, {one, three, two});
        REQUIRE(t->sockets().size() == 2);
        CHECK(t->find_socket("127.0.0.1", 8080) == &t->sockets()[0]);
        CHECK(t->find_socket("127.0.0.1", 9090) == &t->sockets()[1]);
        CHECK(t->find_socket("127.0.0.2", 8080) == nullptr);
        CHECK(t->sockets()[0].listeners.size() == 2);
    }
    TEST_CASE("a result names listener, route and rule, and says whether there are filters") {
        auto r = route("r", {{prefix("/a")}, {prefix("/b")}});
        r.rules[1].filters.redirect.emplace();
        const auto t = compile({r});
        const auto a = match(*t, {.path = "/a/x"});
        REQUIRE(a.selected != nullptr);
        CHECK(a.listener->logical_port == 80);
        CHECK(a.selected->route->name == "r");
        CHECK(a.match->path_value == "/a");
        CHECK(a.selected->plain);
        CHECK_FALSE(match(*t, {.path = "/b"}).selected->plain);
    }
    TEST_CASE("ten thousand routes over many hosts are all found") {
        std::vector<config::route> routes;
        std::vector<attachment> attached;
        for (std::uint32_t i = 0; i < 10000; ++i) {
            const auto n = std::to_string(i);
            routes.push_back(route("r" + n, {{prefix("/p" + n)}, {exact("/e/" + n)}}));
            attached.push_back({i, i % 2 == 0
                                       ? std::vector<std::string>{}
                                       : std::vector<std::string>{"h" + n + ".example.com"}});
        }
        const auto t = compile(std::move(routes), {listener("l", "", attached)});
        CHECK(chosen(*t, {.path = "/p9998/x"}) == "r9998#0");
        CHECK(chosen(*t, {.path = "/e/0"}) == "r0#1");
        CHECK(chosen(*t, {.host = "h9999.example.com", .path = "/p9999"}) == "r9999#0");
        CHECK(chosen(*t, {.host = "h9997.example.com", .path = "/p9999"}) == "no_rule");
    }
    TEST_CASE("a table outlives its maker's pointer to the model") {
        std::shared_ptr<const table> t;
        {
            auto m = std::make_shared<config::model>();
            m->routes.push_back(route("r", {{prefix("/")}}));
            m->listeners.push_back(listener("l", "", {{0, {}}}));
            t = table::compile(m);
        }
        CHECK(chosen(*t, {}) == "r#0");
    }
}
