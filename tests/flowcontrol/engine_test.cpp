#include "flowcontrol/engine.hpp"

#include <doctest/doctest.h>

#include "engine_fixture.hpp"

using namespace weir;
using namespace weir::flowcontrol;
using namespace weir::flowcontrol::test;
using namespace std::chrono_literals;

namespace {

config::flow_control_settings with_bands(std::initializer_list<int> priorities) {
    config::flow_control_settings s;
    for (const int p : priorities) s.bands.emplace_back().priority = p;
    return s;
}

}  // namespace

TEST_SUITE("flowcontrol/engine") {
    TEST_CASE("the highest band goes first, one request a cycle, in order of arrival") {
        bench b(with_bands({10, -5}));
        const auto low = b.put(-5);
        const auto middle = b.put(0);
        const auto high = b.put(10);
        const auto high_later = b.put(10);
        CHECK(b.take() == high);
        CHECK(b.take() == high_later);
        CHECK(b.take() == middle);
        CHECK(b.take() == low);
        CHECK(b.take() == nullptr);
        CHECK(b.under.requests() == 0);
        CHECK(b.under.bytes() == 0);
    }

    TEST_CASE("nothing leaves a full pool, whatever its priority") {
        bench b(with_bands({10}));
        const auto one = b.put(10);
        CHECK(b.take(1.0) == nullptr);
        CHECK(b.take(1.7) == nullptr);
        CHECK(b.take(0.99) == one);
    }

    TEST_CASE("a priority without a band of its own waits in band 0") {
        bench b(with_bands({10}), {3});
        b.put(7);
        b.put(3);
        const auto& bands = b.under.bands();
        CHECK(bands.size() == 3);
        CHECK(bands.at(0).requests() == 1);
        CHECK(bands.at(3).requests() == 1);
    }

    TEST_CASE("objectives get bands from the templates of their sign") {
        config::flow_control_settings s;
        s.default_band.emplace().max_requests = 7;
        s.default_negative_band.emplace().max_requests = 2;
        bench b(s, {4, -1});
        CHECK(b.under.bands().at(4).settings().max_requests == 7);
        CHECK(b.under.bands().at(-1).settings().max_requests == 2);
        CHECK(b.under.bands().at(0).settings().max_requests == 7);
    }

    TEST_CASE("capacity: global bytes, global requests, band bytes, band requests") {
        struct row {
            const char* what;
            std::uint64_t max_bytes, max_requests, band_bytes, band_requests;
            std::uint64_t fit;  ///< how many of 10 bytes each
        };
        for (const auto& r : {row{"unlimited", 0, 0, 1'000'000'000, 5000, 6},
                              row{"global bytes", 25, 0, 1'000'000'000, 5000, 2},
                              row{"global requests", 0, 3, 1'000'000'000, 5000, 3},
                              row{"band bytes", 0, 0, 40, 5000, 4},
                              row{"band requests", 0, 0, 1'000'000'000, 1, 1}}) {
            CAPTURE(r.what);
            config::flow_control_settings s;
            s.max_bytes = r.max_bytes;
            s.max_requests = r.max_requests;
            auto& band = s.bands.emplace_back();
            band.max_bytes = r.band_bytes;
            band.max_requests = r.band_requests;
            bench b(s);
            std::uint64_t fit = 0;
            for (int i = 0; i < 6; ++i) {
                b.put(0);
                fit += b.last == outcome::queued ? 1 : 0;
            }
            CHECK(fit == r.fit);
            if (fit == 6) continue;
            CHECK(b.last == outcome::rejected_capacity);
            b.ready = false;
            b.put(0);
            CHECK(b.last == outcome::rejected_no_endpoints);
        }
    }

    TEST_CASE("what waited too long leaves, oldest first") {
        bench b;
        const auto first = b.put(0);
        b.now += 1s;
        const auto second = b.put(0);
        b.now += 59s - 1ns;
        CHECK(b.expired().empty());
        b.now += 1ns;
        const auto gone = b.expired();
        REQUIRE(gone.size() == 1);
        CHECK(gone[0].first == first);
        CHECK(gone[0].second == outcome::evicted_ttl);
        CHECK(b.take() == second);
    }

    TEST_CASE("the clock starts again when endpoints come or go, with its own limit") {
        config::flow_control_settings s;
        s.default_request_ttl = 10s;
        s.no_endpoint_request_ttl = 2s;
        bench b(s);
        b.put(0);
        b.now += 9s;
        b.ready = false;
        CHECK(b.expired().empty());  // the regime changes here
        b.now += 1999ms;
        CHECK(b.expired().empty());
        b.ready = true;
        CHECK(b.expired().empty());
        b.now += 9s;
        b.ready = false;
        b.expired();
        b.now += 2s;
        const auto gone = b.expired();
        REQUIRE(gone.size() == 1);
        CHECK(gone[0].second == outcome::evicted_no_endpoints);
    }

    TEST_CASE("a limit of zero is none") {
        config::flow_control_settings s;
        s.default_request_ttl = 0s;
        bench b(s);
        b.put(0);
        b.now += 24h;
        CHECK(b.expired().empty());
    }

    TEST_CASE("a request whose client has gone gives its place back at once") {
        config::flow_control_settings s;
        s.max_requests = 1;
        bench b(s);
        const auto one = b.put(0);
        CHECK(b.under.cancel(*one, b.now));
        CHECK_FALSE(b.under.cancel(*one, b.now));
        const auto two = b.put(0);
        CHECK(b.last == outcome::queued);
        CHECK(b.take() == two);
        CHECK_FALSE(b.under.cancel(*two, b.now));
    }

    TEST_CASE("new settings keep what waits, and a band that is gone leaves when it is empty") {
        bench b(with_bands({10}));
        const auto high = b.put(10);
        b.under.configure(with_bands({5}), {});
        CHECK(b.under.bands().contains(10));
        CHECK(b.take() == high);
        b.under.configure(with_bands({5}), {});
        CHECK_FALSE(b.under.bands().contains(10));
        CHECK(b.under.bands().contains(5));
    }

    TEST_CASE("take_all empties every queue, oldest first") {
        bench b(with_bands({10}));
        const auto first = b.put(0);
        const auto second = b.put(10);
        CHECK(b.under.take_all(b.now) == std::vector{first, second});
        CHECK(b.under.requests() == 0);
        CHECK(b.take() == nullptr);
    }

    TEST_CASE("a holdback keeps low bands waiting while the pool is nearly full") {
        auto s = with_bands({10, -5});
        s.usage_limit.policy = config::usage_limit_policy::priority_holdback;
        s.usage_limit.min_ceiling = 0.5;
        bench b(s);
        b.put(-5);
        CHECK(b.take(0.6) == nullptr);  // ceilings 1, 0.75, 0.5
        b.put(0);
        CHECK(b.take(0.6) != nullptr);
        CHECK(b.take(0.4) != nullptr);
    }
}
