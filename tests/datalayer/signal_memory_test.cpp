#include "datalayer/signal_memory.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace weir::datalayer;
using weir::time_point;

namespace {

constexpr auto good = presence::good;
constexpr auto flawed = presence::flawed;
constexpr auto absent = presence::absent;

page_values page(presence waiting, presence running, presence kv, double value = 1) {
    page_values v;
    v.found[0] = waiting;
    v.found[1] = running;
    v.found[2] = kv;
    v.waiting = v.running = value;
    v.kv_usage = 0.5;
    return v;
}

struct fixture {
    endpoint_state state{1};
    signal_memory memory;
    time_point now = time_point(1h);

    weir::duration age_after(const page_values& v) {
        now += 50ms;
        memory.apply(v, 0, state, now);
        return now - weir::from_ns(state.updated_ns);
    }
};

}  // namespace

TEST_SUITE("datalayer/signal_memory") {
    TEST_CASE("a page with all its signals is news") {
        fixture f;
        CHECK(f.age_after(page(good, good, good)) == 0ms);
        CHECK(f.state.waiting == 1);
        CHECK(f.state.kv_usage == 0.5);
    }

    TEST_CASE("a signal the engine never had is not waited for") {
        fixture f;
        CHECK(f.age_after(page(good, good, absent)) == 0ms);
        CHECK(f.age_after(page(good, good, absent)) == 0ms);
        CHECK(f.state.kv_usage == 0);
    }

    TEST_CASE("busy slots stand in for a KV metric, once their number is known") {
        fixture f;
        auto v = page(good, good, absent);
        v.found[static_cast<std::size_t>(signal::occupied)] = good;
        v.occupied = 3;
        f.memory.apply(v, 0, f.state, f.now);
        CHECK_FALSE(f.memory.knows(signal::kv_usage));
        f.memory.apply(v, 4, f.state, f.now);
        CHECK(f.memory.knows(signal::kv_usage));
        CHECK(f.state.kv_usage == 0.75);
        v.occupied = 9;
        f.memory.apply(v, 4, f.state, f.now);
        CHECK(f.state.kv_usage == 1);
        f.memory.apply(page(good, good, good), 4, f.state, f.now);
        CHECK(f.state.kv_usage == 0.5);
    }

    TEST_CASE("a signal that vanishes keeps its value, and the data ages from then on") {
        fixture f;
        f.age_after(page(good, good, good, 4));
        CHECK(f.age_after(page(absent, good, good, 9)) == 50ms);
        CHECK(f.age_after(page(flawed, good, good, 9)) == 100ms);
        CHECK(f.state.waiting == 4);
        CHECK(f.state.running == 9);
        CHECK(f.age_after(page(good, good, good)) == 0ms);
    }

    TEST_CASE("a signal that never said anything leaves the endpoint without data") {
        fixture f;
        f.age_after(page(flawed, good, good));
        CHECK(f.state.updated_ns == 0);
    }

    TEST_CASE("a page with nothing changes nothing") {
        fixture f;
        f.age_after(page(good, good, good));
        const auto before = f.state.updated_ns.load();
        f.age_after(page(absent, absent, absent));
        CHECK(f.state.updated_ns == before);
    }

    TEST_CASE("after a restart the page of the new server starts afresh") {
        fixture f;
        f.age_after(page(good, good, good, 12));
        f.memory.server_gone();
        CHECK(f.age_after(page(absent, good, absent, 2)) == 0ms);
        CHECK(f.state.waiting == 0);
        CHECK(f.state.running == 2);
        CHECK(f.state.kv_usage == 0);
    }

    TEST_CASE("block size and count are taken from labels or gauges") {
        fixture f;
        auto v = page(good, good, good);
        v.found[static_cast<std::size_t>(signal::block_size)] = good;
        v.block_size = 32;
        f.age_after(v);
        CHECK(f.state.block_size == 32);
        CHECK(f.state.block_count == 0);
        v.found[static_cast<std::size_t>(signal::cache_info)] = good;
        v.block_count = 99;
        f.age_after(v);
        CHECK(f.state.block_count == 99);
    }

    TEST_CASE(
        "numbers that never move while requests come and go are called frozen, idle ones are not") {
        fixture idle;
        for (int i = 0; i < 300; ++i) idle.age_after(page(good, good, good));
        CHECK_FALSE(idle.memory.frozen());

        fixture busy;
        for (int i = 0; i < 300; ++i) {
            ++busy.state.picks;
            busy.age_after(page(good, good, good));
        }
        CHECK(busy.memory.frozen());
        busy.age_after(page(good, good, good, 2));
        CHECK_FALSE(busy.memory.frozen());
    }
}
