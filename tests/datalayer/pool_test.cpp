#include "datalayer/pool.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "datalayer/inflight.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;
using weir::time_point;

namespace {

pool_view make_view(std::size_t n) {
    pool_view v;
    for (std::size_t i = 0; i < n; ++i) {
        weir::endpoint e;
        e.name_space = "default";
        e.name = "e" + std::to_string(i);
        e.address = "10.0.0.1";
        v.endpoints.push_back(e);
        v.states.push_back(std::make_shared<endpoint_state>(i + 1));
        v.addresses.emplace_back();
    }
    return v;
}

const time_point start = time_point(1h);

}  // namespace

TEST_SUITE("datalayer/pool") {
    TEST_CASE("stale endpoints look fully loaded, and fresh ones as they are") {
        weir::signal_columns c;
        c.reset(4);
        c.waiting = {0, 7, 3, 0};
        c.running = {2, 2, 2, 0};
        c.kv_usage = {0.1, 0.2, 0.3, 0};
        c.age_seconds = {0.05, 0.05, 0.05, 9};
        const std::vector<std::uint32_t> all = {0, 1, 2, 3};
        distrust_stale(c, all, 0.2);
        CHECK(c.waiting == std::vector<double>{0, 7, 3, 7});
        CHECK(c.running == std::vector<double>{2, 2, 2, 3});
        CHECK(c.kv_usage == std::vector<double>{0.1, 0.2, 0.3, 1});
        c.staleness_floor[3] = 10;  // an idle pool's pace
        c.waiting[3] = 0;
        distrust_stale(c, all, 0.2);
        CHECK(c.waiting[3] == 0);
    }

    TEST_CASE("when all are stale, what is in flight decides") {
        weir::signal_columns c;
        c.reset(3);
        c.waiting = {9, 0, 0};
        c.kv_usage = {0.9, 0.1, 0};
        c.inflight_requests = {1, 4, 2};
        const std::vector<std::uint32_t> some = {0, 1};
        distrust_stale(c, some, 0.2);
        CHECK(c.waiting == std::vector<double>{1, 4, 0});
        CHECK(c.running == std::vector<double>{1, 4, 0});
        CHECK(c.kv_usage == std::vector<double>{0, 0, 0});
    }

    TEST_CASE("read copies every signal and lists the ready endpoints") {
        auto v = make_view(3);
        auto& s = *v.states[1];
        const weir::lora_state lora{{"a"}, {}, 4};
        s.waiting = 3;
        s.running = 4;
        s.kv_usage = 0.5;
        s.updated_ns = weir::to_ns(start - 150ms);
        s.block_size = 16;
        s.block_count = 1000;
        s.staleness_floor = 0.15;
        s.lora = &lora;
        s.inflight_requests = 2;
        s.inflight_tokens = 99;
        v.states[2]->health = endpoint_health::down;

        weir::signal_columns c;
        std::vector<std::uint32_t> ready;
        v.read(start, c, ready);
        CHECK(ready == std::vector<std::uint32_t>{0, 1});
        CHECK(c.size() == 3);
        CHECK(c.waiting[1] == 3);
        CHECK(c.running[1] == 4);
        CHECK(c.kv_usage[1] == 0.5);
        CHECK(c.age_seconds[1] == doctest::Approx(0.15));
        CHECK(std::isinf(c.age_seconds[0]));
        CHECK(c.staleness_floor[1] == 0.15);
        CHECK(c.block_size[1] == 16);
        CHECK(c.block_count[1] == 1000);
        CHECK(c.inflight_requests[1] == 2);
        CHECK(c.inflight_tokens[1] == 99);
        CHECK(c.lora[1] == &lora);
        CHECK(c.lora[0] == nullptr);
    }

    TEST_CASE("custom signals come with their names, and leave with them") {
        auto view = make_view(2);
        view.attribute_keys = {"a/x", "b/x"};
        view.states[1]->attributes.values[1] = 7;
        weir::signal_columns columns;
        std::vector<std::uint32_t> candidates;
        view.read(start, columns, candidates);
        REQUIRE(columns.attribute("b/x") != nullptr);
        CHECK(std::isnan(columns.attribute("b/x")->values[0]));
        CHECK(columns.attribute("b/x")->values[1] == 7);
        CHECK(columns.attribute("c/x") == nullptr);
        view.attribute_keys.clear();
        view.read(start, columns, candidates);
        CHECK(columns.attributes.empty());
    }

    TEST_CASE("a reader that remembers fetches what changed, and all else goes on") {
        auto view = make_view(2);
        view.states[0]->updated_ns.store(weir::to_ns(start));
        weir::signal_columns c;
        std::vector<std::uint32_t> ready;
        read_memory known;
        view.read(start, c, ready, known);
        auto& s = *view.states[0];
        s.waiting = 5;
        s.scraped_changed();
        s.inflight_requests = 3;
        view.states[1]->health = endpoint_health::down;
        view.read(start + std::chrono::milliseconds(100), c, ready, known);
        CHECK(c.waiting[0] == 5);
        CHECK(c.inflight_requests[0] == 3);
        CHECK(c.age_seconds[0] == doctest::Approx(0.1));
        CHECK(std::isinf(c.age_seconds[1]));
        CHECK(ready == std::vector<std::uint32_t>{0});

        c.waiting[0] = 99;
        view.read(start, c, ready, known);
        CHECK(c.waiting[0] == 99);
        known.forget();
        view.read(start, c, ready, known);
        CHECK(c.waiting[0] == 5);

        ++view.version;  // another list: the numbers belong to others
        view.states[0] = std::make_shared<endpoint_state>(77);
        view.read(start, c, ready, known);
        CHECK(c.waiting[0] == 0);
    }

    TEST_CASE("columns follow a pool that shrinks and grows") {
        weir::signal_columns c;
        std::vector<std::uint32_t> ready;
        make_view(5).read(start, c, ready);
        make_view(2).read(start, c, ready);
        CHECK(c.size() == 2);
        CHECK(c.lora.size() == 2);
        CHECK(ready.size() == 2);
        make_view(0).read(start, c, ready);
        CHECK(ready.empty());
    }

    TEST_CASE("an endpoint that came back gets a growing share of what the others carry") {
        auto v = make_view(3);
        v.states[0]->inflight_requests = 10;
        v.states[1]->inflight_requests = 10;
        auto& back = *v.states[2];
        back.returned_ns = weir::to_ns(start);
        weir::signal_columns c;
        std::vector<std::uint32_t> ready;
        const auto candidate_at = [&](weir::duration since, int inflight) {
            back.inflight_requests = inflight;
            v.read(start + since, c, ready);
            return ready.size() == 3;
        };
        CHECK(candidate_at(0s, 0));
        CHECK_FALSE(candidate_at(0s, 1));
        CHECK(candidate_at(5s, 5));
        CHECK_FALSE(candidate_at(5s, 6));
        CHECK(candidate_at(slow_start_window, 100));
    }

    TEST_CASE("slow start never leaves a pool without candidates") {
        auto v = make_view(2);
        for (auto& s : v.states) {
            s->returned_ns = weir::to_ns(start);
            s->inflight_requests = 50;
        }
        weir::signal_columns c;
        std::vector<std::uint32_t> ready;
        v.read(start, c, ready);
        CHECK(ready.size() == 2);
    }

    TEST_CASE("an in-flight guard gives back exactly what it took, once") {
        const auto s = std::make_shared<endpoint_state>(1);
        {
            inflight_guard a(s, 100);
            CHECK(s->inflight_requests == 1);
            CHECK(s->inflight_tokens == 100);
            a.release_tokens();
            a.release_tokens();
            CHECK(s->inflight_tokens == 0);
            CHECK(s->inflight_requests == 1);
            inflight_guard b(std::move(a));
            CHECK(b.active());
            CHECK(s->inflight_requests == 1);
            b = inflight_guard(s, 7);
            CHECK(s->inflight_requests == 1);
            CHECK(s->inflight_tokens == 7);
        }
        CHECK(s->inflight_requests == 0);
        CHECK(s->inflight_tokens == 0);
    }
}
