#include "datalayer/health.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <vector>

using namespace std::chrono_literals;
using namespace weir::datalayer;
using weir::time_point;

namespace {

/// A pool of endpoints and a clock that only moves by hand.
struct fixture {
    std::deque<endpoint_state> states;
    std::deque<health_record> records;
    std::vector<health_subject> pool;
    health_options options;
    time_point now = time_point(1h);

    explicit fixture(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            states.emplace_back(i + 1);
            records.emplace_back();
            pool.push_back({&states.back(), &records.back()});
            begin_health(pool.back(), now);
        }
    }
    void step(weir::duration later = 0ms) {
        now += later;
        step_health(pool, options, now);
    }
    endpoint_health of(std::size_t i) const { return states[i].health; }
    void fail_answers(std::size_t i, int times, int status = 500) {
        for (int k = 0; k < times; ++k) note_status(states[i], status);
    }
};

}  // namespace

TEST_SUITE("datalayer/health") {
    TEST_CASE("failed answers are counted in a row, whatever failed about them") {
        endpoint_state s(1);
        CHECK(note_status(s, 500) == 1);
        CHECK(note_status(s, 503) == 2);
        CHECK(note_broken_answer(s) == 3);
        CHECK(note_status(s, 501) == 0);
        CHECK(note_status(s, 599) == 1);
        CHECK(note_status(s, 200) == 0);
    }

    TEST_CASE(
        "three connect failures in a row take an endpoint down at once, all of a pool if need be") {
        fixture f(2);
        for (auto& s : f.states) {
            note_connect_failure(s);
            note_connect_failure(s);
            CHECK(s.health == endpoint_health::ready);
            note_connect_failure(s);
            CHECK(s.health == endpoint_health::down);
        }
        f.step(10ms);
        CHECK(f.records[0].state == endpoint_health::down);
        CHECK(f.records[0].why == "3 connect failures in a row");
        CHECK(f.records[0].since == f.now);
    }

    TEST_CASE("a success in between starts the count again") {
        fixture f(1);
        for (int i = 0; i < 10; ++i) {
            note_connect_failure(f.states[0]);
            note_connect_failure(f.states[0]);
            note_success(f.states[0]);
        }
        CHECK(f.of(0) == endpoint_health::ready);
    }

    TEST_CASE(
        "an endpoint that is down is probed each second and comes back with its first answer") {
        fixture f(1);
        for (int i = 0; i < 3; ++i) note_connect_failure(f.states[0]);
        f.step();
        CHECK_FALSE(take_probe(f.pool[0], f.options, {}, f.now + 999ms));
        f.now += 1s;
        CHECK(take_probe(f.pool[0], f.options, {}, f.now));
        CHECK_FALSE(take_probe(f.pool[0], f.options, {}, f.now + 1ms));
        note_probe(f.pool[0], {.failure = "connection refused"}, f.now);
        CHECK(f.of(0) == endpoint_health::down);
        CHECK(f.records[0].why == "probe failed: connection refused");
        f.now += 1s;
        CHECK(take_probe(f.pool[0], f.options, {}, f.now));
        note_probe(f.pool[0], {.status = 503}, f.now);
        CHECK(f.of(0) == endpoint_health::down);
        note_probe(f.pool[0], {.status = 200}, f.now);
        CHECK(f.of(0) == endpoint_health::ready);
        CHECK(f.states[0].connect_failures == 0);
        CHECK(weir::from_ns(f.states[0].returned_ns) == f.now);
        CHECK(f.records[0].why == "the health page answered 200");
    }

    TEST_CASE(
        "a health path the server does not have proves that the server is there; a loading model "
        "does not") {
        fixture f(1);
        const auto answers = [&](int status, int loading) {
            for (int i = 0; i < 3; ++i) note_connect_failure(f.states[0]);
            f.step();
            note_probe(f.pool[0], {.status = status, .loading_status = loading}, f.now);
            const bool back = f.of(0) == endpoint_health::ready;
            note_probe(f.pool[0], {.status = 200}, f.now);
            return back;
        };
        CHECK(answers(404, 503));
        CHECK(answers(401, 503));
        CHECK_FALSE(answers(400, 400));
        CHECK_FALSE(answers(500, 503));
    }

    TEST_CASE("an engine that sleeps is left out while another endpoint is ready") {
        fixture f(2);
        const auto say = [&](std::size_t i, bool asleep) {
            note_sleep(f.pool[i], asleep, f.pool, f.now);
        };
        say(0, true);
        CHECK(f.of(0) == endpoint_health::asleep);
        CHECK(f.records[0].why == "its metrics page says that the engine sleeps");
        CHECK_FALSE(take_probe(f.pool[0], f.options, {}, f.now + 1h));  // its health page says 200
        say(1, true);
        CHECK(f.of(1) == endpoint_health::ready);  // the last one
        say(1, false);
        for (int i = 0; i < 3; ++i) note_connect_failure(f.states[1]);
        f.step();
        say(0, true);
        CHECK(f.of(0) == endpoint_health::ready);  // nobody else is left
        note_probe(f.pool[1], {.status = 200}, f.now);
        say(0, true);
        CHECK(f.of(0) == endpoint_health::asleep);
        say(0, false);
        CHECK(f.of(0) == endpoint_health::ready);
        CHECK(weir::from_ns(f.states[0].returned_ns) == f.now);  // eased in
    }

    TEST_CASE("5xx answers in a row eject, for longer each time") {
        fixture f(4);
        f.fail_answers(0, 4);
        f.step();
        CHECK(f.of(0) == endpoint_health::ready);
        f.fail_answers(0, 1);
        f.step();
        CHECK(f.of(0) == endpoint_health::ejected);
        CHECK(f.records[0].why == "5 failed answers (5xx) in a row");
        f.step(5s - 1ms);
        CHECK(f.of(0) == endpoint_health::ejected);
        f.step(1ms);
        CHECK(f.of(0) == endpoint_health::ready);
        f.fail_answers(0, 5);
        f.step();
        f.step(9999ms);
        CHECK(f.of(0) == endpoint_health::ejected);
        f.step(1ms);
        CHECK(f.of(0) == endpoint_health::ready);
    }

    TEST_CASE("the back-off stops growing at its limit and is forgiven after a healthy minute") {
        fixture f(4);
        for (int i = 0; i < 12; ++i) {
            f.fail_answers(0, 5);
            f.step();
            CHECK(f.of(0) == endpoint_health::ejected);
            CHECK(f.records[0].ejected_until - f.now <= 300s);
            f.step(300s);
            CHECK(f.of(0) == endpoint_health::ready);
        }
        f.step(60s);
        f.fail_answers(0, 5);
        f.step();
        CHECK(f.records[0].ejected_until - f.now == 5s);
    }

    TEST_CASE("at most half of a pool is ejected, and never the last ready endpoint") {
        fixture f(5);
        for (std::size_t i = 0; i < 5; ++i) f.fail_answers(i, 5);
        f.step();
        int ejected = 0;
        for (std::size_t i = 0; i < 5; ++i) ejected += f.of(i) == endpoint_health::ejected ? 1 : 0;
        CHECK(ejected == 2);

        fixture single(1);
        single.fail_answers(0, 50);
        single.step();
        CHECK(single.of(0) == endpoint_health::ready);

        fixture half_down(4);
        for (const std::size_t i : {0U, 1U, 2U}) {
            for (int k = 0; k < 3; ++k) note_connect_failure(half_down.states[i]);
        }
        half_down.fail_answers(3, 5);
        half_down.step();
        CHECK(half_down.of(3) == endpoint_health::ready);
    }

    TEST_CASE("a good answer ends a row of bad ones; 501 and 4xx are the request's fault") {
        fixture f(4);
        f.fail_answers(0, 4);
        note_status(f.states[0], 200);
        f.fail_answers(0, 4);
        f.fail_answers(1, 9, 501);
        f.fail_answers(2, 9, 429);
        f.step();
        for (std::size_t i = 0; i < 4; ++i) CHECK(f.of(i) == endpoint_health::ready);
    }

    TEST_CASE("one that was spared is not ejected for old failures once the pool has room") {
        fixture f(4);
        for (std::size_t i = 0; i < 3; ++i) f.fail_answers(i, 5);
        f.step();
        CHECK(f.of(2) == endpoint_health::ready);
        f.step(5s);  // the two others are back
        REQUIRE(f.of(0) == endpoint_health::ready);
        f.step(1s);
        CHECK(f.of(2) == endpoint_health::ready);
        f.fail_answers(2, 1);
        f.step();
        CHECK(f.of(2) == endpoint_health::ejected);
        CHECK(f.records[2].why == "6 failed answers (5xx) in a row");
    }

    TEST_CASE("a spared one that recovered needs a whole row of failures again") {
        fixture f(2);
        f.fail_answers(0, 5);
        f.fail_answers(1, 5);
        f.step();
        REQUIRE(f.of(1) == endpoint_health::ready);
        f.fail_answers(1, 1, 200);
        f.step(5s);
        f.fail_answers(1, 4);
        f.step();
        CHECK(f.of(1) == endpoint_health::ready);
        f.fail_answers(1, 1);
        f.step();
        CHECK(f.of(1) == endpoint_health::ejected);
    }

    TEST_CASE("ejection can be switched off") {
        fixture f(4);
        f.options.error_limit = 0;
        f.fail_answers(0, 100);
        f.step();
        CHECK(f.of(0) == endpoint_health::ready);
    }

    TEST_CASE(
        "an endpoint that flaps is down only while it does not connect, and its slow start ends") {
        fixture f(2);
        for (int i = 0; i < 20; ++i) {
            for (int k = 0; k < 3; ++k) note_connect_failure(f.states[0]);
            f.step(200ms);
            CHECK(f.of(0) == endpoint_health::down);
            note_probe(f.pool[0], {.status = 200}, f.now);
            CHECK(f.of(0) == endpoint_health::ready);
        }
        f.step(slow_start_window);
        CHECK(f.states[0].returned_ns == 0);
    }

    TEST_CASE("a server that says its model is loading is out until it says otherwise") {
        fixture f(2);
        CHECK_FALSE(take_probe(f.pool[0], f.options, {}, f.now));
        CHECK(take_probe(f.pool[0], f.options, {.page_not_loaded = true}, f.now));
        CHECK_FALSE(take_probe(f.pool[0], f.options, {.page_not_loaded = true}, f.now + 900ms));
        note_probe(f.pool[0], {.status = 503, .says_loading = true}, f.now);
        CHECK(f.of(0) == endpoint_health::loading);
        CHECK(f.states[0].health == endpoint_health::loading);
        CHECK(f.records[0].why == "the health page answered 503: the model is not loaded yet");
        f.step(1s);
        CHECK(take_probe(f.pool[0], f.options, {}, f.now));
        note_probe(f.pool[0], {.status = 503}, f.now);
        CHECK(f.of(0) == endpoint_health::loading);
        note_probe(f.pool[0], {.status = 200}, f.now);
        CHECK(f.of(0) == endpoint_health::ready);
        CHECK(f.states[0].returned_ns != 0);
    }

    TEST_CASE("a bare 503 takes out an endpoint only while another is ready") {
        fixture f(2);
        note_probe(f.pool[0], {.status = 503, .others_ready = true}, f.now);
        CHECK(f.of(0) == endpoint_health::loading);
        note_probe(f.pool[1], {.status = 503}, f.now);
        CHECK(f.of(1) == endpoint_health::ready);
        note_probe(f.pool[1], {.status = 500, .others_ready = true}, f.now);
        CHECK(f.of(1) == endpoint_health::ready);
        note_probe(f.pool[1], {.failure = "connection refused"}, f.now);
        CHECK(f.of(1) == endpoint_health::ready);
        note_probe(f.pool[0], {.failure = "connection refused"}, f.now);
        CHECK(f.of(0) == endpoint_health::down);
    }

    TEST_CASE("an engine that opens early is asked once before its first request") {
        fixture f(2);
        CHECK(take_probe(f.pool[0], f.options, {.opens_early = true}, f.now));
        CHECK_FALSE(take_probe(f.pool[0], f.options, {.opens_early = true}, f.now + 10s));
        f.states[1].picks = 1;
        CHECK_FALSE(take_probe(f.pool[1], f.options, {.opens_early = true}, f.now));
    }

    TEST_CASE("draining and discovery go before what traffic shows") {
        fixture f(2);
        f.records[0].draining = true;
        f.step();
        CHECK(f.of(0) == endpoint_health::draining);
        for (int i = 0; i < 5; ++i) note_connect_failure(f.states[0]);
        f.step();
        CHECK(f.of(0) == endpoint_health::draining);
        f.records[0].draining = false;
        f.records[0].source_ready = false;
        f.states[0].updated_ns = 5;
        f.step();
        CHECK(f.of(0) == endpoint_health::not_ready);
        CHECK(f.records[0].why == "not ready in its source");
        CHECK(f.states[0].updated_ns == 0);
        f.records[0].source_ready = true;
        f.step();
        CHECK(f.of(0) == endpoint_health::ready);
        CHECK(f.states[0].returned_ns != 0);
    }
}
