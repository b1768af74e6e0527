#include "datalayer/prober.hpp"

#include <doctest/doctest.h>

#include "fake_server.hpp"
#include "loop_until.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;

namespace {

struct fixture {
    weir::http::event_loop loop;
    endpoint_pool pool{"default", "pool"};
    prober probes{loop};
    const engine_mapping* engine = nullptr;
    weir::http::timer ticker{loop, &fixture::tick, this};

    explicit fixture(std::uint16_t port) {
        health_options quick;
        quick.probe_period = 20ms;
        pool.configure(quick);
        pool.set_sources(endpoint_origin::file, {{"default", "a", "127.0.0.1", {port}, {}, true}},
                         loop.now());
        ticker.arm(5ms);
    }
    static void tick(void* self) {
        auto& f = *static_cast<fixture*>(self);
        f.pool.step_health(f.loop.now());
        for (const auto& m : f.pool.members()) f.probes.tick(f.pool, *m, f.engine);
        f.ticker.arm(5ms);
    }
    endpoint_state& state() { return *pool.members()[0]->state; }
    void take_down() {
        for (int i = 0; i < 3; ++i) note_connect_failure(state());
    }
    bool until(const std::function<bool()>& c) { return loop_until(loop, c); }
};

}  // namespace

TEST_SUITE("datalayer/prober") {
    TEST_CASE("an endpoint that serves is never asked; one that is down is, until it answers") {
        std::atomic<int> code{503};
        std::mutex mutex;
        std::string target;
        fake_server server([&](const std::string& t) {
            const std::lock_guard lock(mutex);
            target = t;
            return fake_server::status(code);
        });
        fixture f(server.port());
        CHECK_FALSE(loop_until(
            f.loop, [&] { return server.requests() > 0; }, 100ms));
        f.take_down();
        REQUIRE(f.until([&] { return server.requests() >= 2; }));
        CHECK(f.state().health == endpoint_health::down);
        code = 200;
        REQUIRE(f.until([&] { return f.state().health == endpoint_health::ready; }));
        const auto sent = f.probes.sent();
        CHECK_FALSE(loop_until(
            f.loop, [&] { return f.probes.sent() > sent; }, 100ms));
        const std::lock_guard lock(mutex);
        CHECK(target == "/health");
    }

    TEST_CASE("the engine's own health path and code count") {
        std::atomic<int> code{400};
        std::atomic<bool> right{false};
        fake_server server([&](const std::string& t) {
            right = t == "/v2/health/ready";
            return fake_server::status(code);
        });
        fixture f(server.port());
        for (const auto& e : built_in_engines()) {
            if (e.name == "triton") f.engine = &e;
        }
        f.take_down();
        REQUIRE(f.until([&] { return server.requests() >= 2; }));
        CHECK(right);
        CHECK(f.state().health == endpoint_health::down);
        code = 200;
        CHECK(f.until([&] { return f.state().health == endpoint_health::ready; }));
    }

    TEST_CASE("a closed port keeps the endpoint down and says why") {
        std::uint16_t port = 0;
        {
            port = fake_server([](const auto&) { return fake_server::answer{}; }).port();
        }
        fixture f(port);
        f.take_down();
        REQUIRE(f.until([&] { return f.probes.sent() >= 3; }));
        CHECK(f.pool.members()[0]->health.why == "probe failed: connection refused");
        CHECK(f.state().health == endpoint_health::down);
    }

    TEST_CASE("questions under way end with their pool") {
        fake_server server([](const auto&) { return fake_server::answer{"", false, true}; });
        fixture f(server.port());
        f.take_down();
        REQUIRE(f.until([&] { return server.requests() >= 1; }));
        f.probes.forget(f.pool);
        f.pool.set_sources(endpoint_origin::file, {}, f.loop.now());
        CHECK_FALSE(loop_until(
            f.loop, [] { return false; }, 50ms));
    }
}
