#include "proxy/decision_ring.hpp"

#include <doctest/doctest.h>

#include <string>

#include "weir/endpoint.hpp"

using namespace weir;
using namespace weir::proxy;

namespace {

decision_ring::place put(decision_ring& ring, const std::string& id, std::size_t candidates = 2,
                         const endpoint* picked = nullptr) {
    decision_facts facts;
    facts.request_id = id;
    facts.pool = "default/pool";
    facts.model = "m";
    facts.path = "/v1/completions";
    facts.picked = picked;
    facts.candidates = candidates;
    std::span<recorded_candidate> room;
    const auto where = ring.add(facts, room);
    for (std::size_t i = 0; i < room.size(); ++i) {
        room[i] = {};
        room[i].endpoint = static_cast<std::uint32_t>(i);
        room[i].total = static_cast<float>(i) + 0.5F;
    }
    return where;
}

std::string number(std::size_t i) { return "request-" + std::to_string(i); }

}  // namespace

TEST_SUITE("proxy/decision_ring") {
    TEST_CASE("a decision is read back as it was written") {
        decision_ring ring(4096);
        const endpoint picked{"default", "pod-0", "::1", 8000, 0, {}, 0};
        const auto where = put(ring, "a", 3, &picked);
        ring.note_attempt(where, {1, 0});
        ring.note_attempt(where, {2, 200});
        ring.note_head(where, 200, 1.5F);
        ring.note_end(where, 200, "", 3.0F);
        const auto all = ring.copy(10, {});
        REQUIRE(all.size() == 1);
        const auto& r = all[0];
        CHECK(r.request_id == "a");
        CHECK(r.pool == "default/pool");
        CHECK(r.model == "m");
        CHECK(r.target_model.empty());
        CHECK(r.path == "/v1/completions");
        CHECK(r.endpoint == "default/pod-0");
        CHECK(r.endpoint_address == "[::1]:8000");
        CHECK(r.sequence == 1);
        CHECK(r.status == 200);
        CHECK(r.first_byte_ms == 1.5F);
        CHECK(r.total_ms == 3.0F);
        REQUIRE(r.candidates.size() == 3);
        CHECK(r.candidates[2].total == 2.5F);
        REQUIRE(r.attempts.size() == 2);
        CHECK(r.attempts[1].status == 200);
    }

    TEST_CASE("no pick is told from a pick") {
        decision_ring ring(4096);
        const auto where = put(ring, "a");
        ring.note_end(where, 429, "filters-empty", 1);
        const auto all = ring.copy(1, {});
        REQUIRE(all.size() == 1);
        CHECK(all[0].endpoint.empty());
        CHECK(all[0].endpoint_address.empty());
        CHECK(all[0].reason == "filters-empty");
    }

    TEST_CASE("the newest come first, one request can be asked for") {
        decision_ring ring(64 * 1024);
        for (std::size_t i = 0; i < 10; ++i) put(ring, number(i));
        const auto newest = ring.copy(3, {});
        REQUIRE(newest.size() == 3);
        CHECK(newest[0].request_id == number(9));
        CHECK(newest[2].request_id == number(7));
        const auto one = ring.copy(3, number(4));
        REQUIRE(one.size() == 1);
        CHECK(one[0].sequence == 5);
    }

    TEST_CASE("the oldest make room, whatever the sizes") {
        decision_ring ring(8192);
        std::size_t kept_least = 1000;
        for (std::size_t i = 0; i < 2000; ++i) {
            put(ring, number(i), i * 7 % 23);
            const auto all = ring.copy(1000, {});
            REQUIRE(all.size() == ring.size());
            for (std::size_t j = 0; j < all.size(); ++j) {
                REQUIRE(all[j].request_id == number(i - j));
                REQUIRE(all[j].candidates.size() == (i - j) * 7 % 23);
            }
            if (i > 100) kept_least = std::min(kept_least, all.size());
        }
        CHECK(kept_least >= 5);
    }

    TEST_CASE("news of a decision that has gone are dropped") {
        decision_ring ring(2048);
        const auto first = put(ring, "first");
        for (std::size_t i = 0; i < 50; ++i) put(ring, number(i));
        ring.note_end(first, 599, "reason", 1);
        ring.note_attempt(first, {1, 599});
        ring.note_end({}, 599, "reason", 1);
        for (const auto& r : ring.copy(50, {})) {
            CHECK(r.status == 0);
            CHECK(r.attempts.empty());
        }
    }

    TEST_CASE("one larger than the ring is not kept") {
        decision_ring ring(2048);
        put(ring, "small");
        const auto where = put(ring, "large", 1000);
        CHECK(where.sequence == 0);
        CHECK(ring.size() == 1);
    }

    TEST_CASE("of many attempts the last are kept") {
        decision_ring ring(4096);
        const auto where = put(ring, "a");
        for (std::int32_t i = 1; i <= 20; ++i) ring.note_attempt(where, {0, i});
        const auto all = ring.copy(1, {});
        REQUIRE(!all.empty());
        CHECK(all[0].attempts.front().status == 15);
        CHECK(all[0].attempts.back().status == 20);
    }
}
