#include "datalayer/model_lists.hpp"

#include <doctest/doctest.h>

#include "fake_server.hpp"
#include "loop_until.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;

namespace {

std::string list_of(std::initializer_list<const char*> ids) {
    std::string out = "{\"object\":\"list\",\"data\":[";
    for (const auto* id : ids) {
        if (out.back() != '[') out += ",";
        out += "{\"id\":\"" + std::string(id) + "\",\"object\":\"model\"}";
    }
    return out + "]}";
}

weir::config::endpoint_source at(std::uint16_t port, std::string name) {
    return {"default", std::move(name), "127.0.0.1", {port}, {}, true};
}

struct fixture {
    weir::http::event_loop loop;
    endpoint_pool pool{"default", "pool"};
    model_lists lists{loop, pool};
    weir::http::timer ticker{loop, &fixture::tick, this};

    explicit fixture(std::vector<weir::config::endpoint_source> sources) {
        pool.set_sources(endpoint_origin::file, std::move(sources), loop.now());
        lists.board()->want();
        ticker.arm(5ms);
    }
    static void tick(void* self) {
        auto& f = *static_cast<fixture*>(self);
        f.lists.tick();
        f.ticker.arm(5ms);
    }
    std::size_t known() const {
        const auto v = lists.board()->views().load();
        return v ? v->known.size() : 0;
    }
    std::uint64_t serial(std::size_t i) const { return pool.members()[i]->state->serial; }
};

}  // namespace

TEST_SUITE("datalayer/model_lists") {
    TEST_CASE("the union of all lists, each model once, and who serves what") {
        fake_server one([](const auto&) { return fake_server::ok(list_of({"base", "sql"})); });
        fake_server two([](const auto&) { return fake_server::ok(list_of({"base", "chat"})); });
        fixture f({at(one.port(), "a"), at(two.port(), "b")});
        REQUIRE(loop_until(f.loop, [&] { return f.known() == 2; }));
        const auto v = f.lists.board()->views().load();
        CHECK(v->serves("base", f.serial(0)));
        CHECK(v->serves("base", f.serial(1)));
        CHECK(v->serves("sql", f.serial(0)));
        CHECK_FALSE(v->serves("sql", f.serial(1)));
        CHECK(v->tells("chat"));
        CHECK_FALSE(v->tells("unheard-of"));
        CHECK(v->serves("unheard-of", f.serial(0)));
        for (const auto* id : {"\"base\"", "\"sql\"", "\"chat\""}) {
            CHECK(v->json.find(id) != std::string::npos);
            CHECK(v->json.find(id) == v->json.rfind(id));
        }
    }

    TEST_CASE("a dead endpoint breaks nothing and may serve anything") {
        fake_server one([](const auto&) { return fake_server::ok(list_of({"base"})); });
        fake_server two([](const auto&) { return fake_server::status(500); });
        fixture f({at(one.port(), "a"), at(two.port(), "b")});
        REQUIRE(loop_until(f.loop, [&] { return f.known() == 1 && two.requests() > 0; }));
        CHECK(f.lists.board()->views().load()->serves("base", f.serial(1)));
        CHECK(f.lists.board()->views().load()->json.find("base") != std::string::npos);
    }

    TEST_CASE("a list leaves with its endpoint") {
        fake_server one([](const auto&) { return fake_server::ok(list_of({"one"})); });
        fake_server two([](const auto&) { return fake_server::ok(list_of({"two"})); });
        fixture f({at(one.port(), "a"), at(two.port(), "b")});
        REQUIRE(loop_until(f.loop, [&] { return f.known() == 2; }));
        f.pool.set_sources(endpoint_origin::file, {at(two.port(), "b")}, f.loop.now());
        REQUIRE(loop_until(f.loop, [&] { return f.known() == 1; }));
        CHECK_FALSE(f.lists.board()->views().load()->tells("one"));
    }

    TEST_CASE("an answer that is no list, and one without an end, are no lists") {
        fake_server junk([](const auto&) { return fake_server::ok("<html>"); });
        fake_server endless([](const auto&) {
            return fake_server::ok("{\"data\":[" + std::string(5U << 20U, ' ') + "]}");
        });
        fixture f({at(junk.port(), "a"), at(endless.port(), "b")});
        REQUIRE(loop_until(f.loop, [&] { return junk.requests() > 0 && endless.requests() > 0; }));
        CHECK_FALSE(loop_until(
            f.loop, [&] { return f.known() > 0; }, 50ms));
    }
}
