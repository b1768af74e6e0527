#include "datalayer/scraper.hpp"

#include <doctest/doctest.h>

#include "scrape_fixture.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;

TEST_SUITE("datalayer/scraper") {
    TEST_CASE("endpoints come and go while the scraper runs") {
        fake_server one([](const auto&) { return fake_server::ok(vllm_page); });
        fake_server two([](const auto&) { return fake_server::ok(vllm_page); });
        scrape_fixture f({endpoint_at(one.port())});
        REQUIRE(f.until([&] { return f.state().updated_ns != 0; }));
        f.pool.set_sources(endpoint_origin::file, {endpoint_at(two.port(), "b")}, f.loop.now());
        REQUIRE(f.until([&] { return two.requests() >= 2; }));
        CHECK(f.scrape.endpoints() == 1);
        const int before = one.requests();
        const int now = two.requests();
        REQUIRE(f.until([&] { return two.requests() >= now + 3; }));
        CHECK(one.requests() == before);
    }

    TEST_CASE("the first round ends when every endpoint was tried, however it went") {
        fake_server good([](const auto&) { return fake_server::ok(vllm_page); });
        fake_server bad([](const auto&) { return fake_server::status(500); });
        fake_server slow([](const auto&) { return fake_server::answer{"", false, true}; });
        scrape_fixture f({endpoint_at(good.port(), "a"), endpoint_at(bad.port(), "b"),
                          endpoint_at(slow.port(), "c")});
        REQUIRE(f.until([&] { return good.requests() > 2 && bad.requests() > 0; }));
        CHECK_FALSE(f.scrape.first_round_done());
        CHECK(f.until([&] { return f.scrape.first_round_done(); }));
        CHECK(f.state(0).updated_ns != 0);
        CHECK(f.state(1).updated_ns == 0);
    }

    TEST_CASE("without endpoints the first round is over at once") {
        scrape_fixture f({});
        CHECK(f.until([&] { return f.scrape.first_round_done(); }));
    }

    TEST_CASE(
        "a budget too small stretches the period for all, and no data is called stale for it") {
        fake_server server([](const auto&) { return fake_server::ok(vllm_page); });
        std::vector<weir::config::endpoint_source> many;
        for (int i = 0; i < 20; ++i)
            many.push_back(endpoint_at(server.port(), "e" + std::to_string(i)));
        scrape_fixture f(many, 0.001);
        f.state(0).inflight_requests = 1;
        REQUIRE(f.until([&] { return f.scrape.pace().limited(); }));
        CHECK(f.scrape.pace().period() > 50ms);
        CHECK(f.state(7).staleness_floor == doctest::Approx(f.scrape.pace().staleness_floor()));
        CHECK(f.state(7).staleness_floor > 0.15);
    }

    TEST_CASE("what was read before the machine slept is as old as the sleep was long") {
        static weir::duration slept{};
        bool quiet = false;
        fake_server server([&](const auto&) {
            return quiet ? fake_server::answer{"", false, true} : fake_server::ok(vllm_page);
        });
        scrape_fixture f({endpoint_at(server.port())}, 1.0, [] { return slept; });
        REQUIRE(f.until([&] { return f.state().updated_ns != 0; }));
        quiet = true;
        const auto before = weir::from_ns(f.state().updated_ns);
        slept = std::chrono::hours(8);
        REQUIRE(f.until([&] { return weir::from_ns(f.state().updated_ns) < before - 7h; }));
        quiet = false;
        CHECK(f.until([&] { return weir::from_ns(f.state().updated_ns) > before; }));
        slept = {};
    }

    TEST_CASE("a reload that changes nothing keeps the connection and what is known") {
        fake_server server([](const auto&) { return fake_server::ok(vllm_page); });
        scrape_fixture f({endpoint_at(server.port())});
        REQUIRE(f.until([&] { return f.state().updated_ns != 0; }));
        f.scrape.watch(f.pool, std::make_shared<engine_catalog>());
        CHECK(f.report().engine == "vllm");
        const int before = server.requests();
        REQUIRE(f.until([&] { return server.requests() > before + 2; }));
        CHECK(server.connections() == 1);
    }
}
