#include "proxy/decision_ring.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>

#include "weir/endpoint.hpp"
#include "weir/random.hpp"

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
    facts.headers = "epp-profile: decode\n";
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

/// Decisions of a pool of a hundred, on numbers that change here and there; and what each read.
class wide_pool {
  public:
    explicit wide_pool(decision_ring& ring) : ring_(ring) { signals_.reset(size); }

    void decide(const std::string& id, std::uint64_t version) {
        for (int i = 0; i < 3; ++i) {
            const auto e = static_cast<std::size_t>(random_.below(size));
            signals_.waiting[e] = static_cast<double>(random_.below(9));
            signals_.kv_usage[e] = 0.125 * static_cast<double>(random_.below(8));
            scraped_[e] = now_;
            signals_.inflight_requests[static_cast<std::size_t>(random_.below(size))] += 1;
        }
        now_ += 0.25;
        std::vector<std::uint32_t> candidates;
        std::vector<std::uint32_t> survivors;
        std::vector<double> totals;
        std::vector<double> matched(size, 0);
        std::vector<recorded_candidate> expected;
        for (std::uint32_t e = 0; e < size; ++e) {
            signals_.age_seconds[e] = now_ - scraped_[e];
            if (random_.below(10) == 0) continue;
            matched[e] = random_.below(8) == 0 ? 3 : 0;
            candidates.push_back(e);
            auto& c = expected.emplace_back();
            c.endpoint = e;
            c.filtered = random_.below(4) == 0;
            c.waiting = static_cast<float>(signals_.waiting[e]);
            c.inflight = static_cast<float>(signals_.inflight_requests[e]);
            c.age_seconds = static_cast<float>(signals_.age_seconds[e]);
            c.kv_usage = signals_.kv_usage[e];
            c.matched_blocks = static_cast<float>(matched[e]);
            if (c.filtered) continue;
            c.total = 0.5 * static_cast<double>(random_.below(16));
            survivors.push_back(e);
            totals.push_back(c.total);
        }
        decision_facts facts;
        facts.request_id = id;
        facts.pool = "default/pool";
        facts.numbers.view_version = version;
        ring_.add_wide(facts, {signals_, candidates, survivors, totals, matched.data(), now_});
        expected_[id] = std::move(expected);
    }

    void check(const decision_record& r) const {
        const auto& expected = expected_.at(r.request_id);
        REQUIRE(r.candidates.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const auto& got = r.candidates[i];
            const auto& want = expected[i];
            REQUIRE(got.endpoint == want.endpoint);
            REQUIRE(got.filtered == want.filtered);
            REQUIRE(got.total == want.total);
            REQUIRE(got.waiting == want.waiting);
            REQUIRE(got.inflight == want.inflight);
            REQUIRE(got.kv_usage == want.kv_usage);
            REQUIRE(got.matched_blocks == want.matched_blocks);
            REQUIRE((got.age_seconds == want.age_seconds ||
                     std::abs(got.age_seconds - want.age_seconds) < 1e-3F));
        }
    }

  private:
    static constexpr std::size_t size = 100;

    decision_ring& ring_;
    random_source random_{7};
    signal_columns signals_;
    std::array<double, size> scraped_{};
    double now_ = 1000;
    std::map<std::string, std::vector<recorded_candidate>> expected_;
};

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
        CHECK(r.headers == "epp-profile: decode\n");
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
        decision_ring ring(128 * sizeof(recorded_candidate));
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

    TEST_CASE("a decision among many is read back as it was made, whatever changed since") {
        struct {
            const char* what;
            std::size_t bytes;
            std::size_t decisions;
            std::size_t same_view;  ///< decisions until the pool's list changes
            std::size_t narrow;     ///< every which decision is among few
        } const cases[] = {
            {"all are kept", 1 << 20, 40, 1000, 1000},
            {"the oldest go", 16 * 1024, 200, 1000, 1000},
            {"the list of endpoints changes", 1 << 20, 60, 7, 1000},
            {"it changes and the oldest go", 24 * 1024, 300, 11, 1000},
            {"it changes every time", 64 * 1024, 100, 1, 1000},
            {"between small ones", 32 * 1024, 200, 13, 3},
        };
        for (const auto& c : cases) {
            CAPTURE(c.what);
            decision_ring ring(c.bytes);
            wide_pool pool(ring);
            std::vector<std::string> made;
            for (std::size_t i = 1; i <= c.decisions; ++i) {
                made.push_back(number(i));
                if (i % c.narrow == 0) {
                    put(ring, made.back());
                } else {
                    pool.decide(made.back(), i / c.same_view);
                }
            }
            const auto all = ring.copy(1000, {});
            REQUIRE(all.size() >= 3);
            for (std::size_t i = 0; i < all.size(); ++i) {
                REQUIRE(all[i].request_id == made[made.size() - 1 - i]);
                if ((made.size() - i) % c.narrow != 0) pool.check(all[i]);
            }
            const auto one = ring.copy(1, all.back().request_id);
            REQUIRE(one.size() == 1);
            if ((made.size() + 1 - all.size()) % c.narrow != 0) pool.check(one[0]);
        }
    }

    TEST_CASE("a decision that is larger than the ring leaves nothing wrong behind") {
        decision_ring ring(2048);
        wide_pool pool(ring);
        pool.decide("a", 1);
        pool.decide("b", 1);
        for (const auto& r : ring.copy(10, {})) pool.check(r);
        put(ring, "small");
        REQUIRE(!ring.copy(10, {}).empty());
        CHECK(ring.copy(10, {})[0].request_id == "small");
    }
}
