#include "flowcontrol/reclaimer.hpp"

#include <doctest/doctest.h>

#include "engine_fixture.hpp"

using namespace weir;
using namespace weir::flowcontrol;
using namespace weir::flowcontrol::test;
using namespace std::chrono_literals;

namespace {

constexpr auto grace = 300ms;
const time_point start(1000s);

/// A reclaimer that watches one request of each priority, in this order.
struct watched {
    reclaimer of;
    std::vector<item_ptr> items;

    explicit watched(std::initializer_list<int> priorities) {
        of.configure(true, grace);
        for (const int p : priorities) {
            items.push_back(item(p));
            of.track(items.back());
        }
    }
    std::string page() const {
        metrics::exposition out;
        of.collect(out, "p");
        return out.text();
    }
};

bool shows(const std::string& page, const std::string& line) {
    return page.find("llm_d_epp_flow_control_" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_SUITE("flowcontrol/reclaimer") {
    TEST_CASE("the lowest priority goes first, of one the newest; who is not negative never") {
        watched w({-1, 0, -5, -5, 7});
        CHECK(w.of.victim() == -5);
        // Five hold 1.5: 0.3 each. To come down by 0.5 takes two.
        const auto ended = w.of.act(1.5, {0, 1.0}, start);
        CHECK(ended == std::vector<item_ptr>{w.items[3], w.items[2]});
        CHECK(w.of.victim() == -1);
    }

    TEST_CASE("how many: what is needed, at least one, at most two") {
        CHECK(watched({-1, -1, -1}).of.act(1.0, {0, 1.0}, start).size() == 1);  // nothing above
        CHECK(watched({-1, -1, -1}).of.act(1.2, {0, 1.0}, start).size() == 1);  // 0.2 of 0.4 each
        CHECK(watched({-1, -1, -1}).of.act(9.0, {0, 1.0}, start).size() == 2);  // 8 of 3 each: cap
        CHECK(watched({-1}).of.act(9.0, {0, 1.0}, start).size() == 1);          // there is no more
        CHECK(watched({0, 3}).of.act(9.0, {5, 1.0}, start).empty());
    }

    TEST_CASE("nothing more is ended until those are gone and the detector can have seen it") {
        watched w({-1, -1, -1});
        REQUIRE(w.of.may_act(start));
        const auto ended = w.of.act(1.0, {0, 1.0}, start);
        REQUIRE(ended.size() == 1);
        CHECK_FALSE(w.of.may_act(start + 5s));
        w.of.ended(*ended[0], start + 6s);
        CHECK_FALSE(w.of.may_act(start + 6s));
        CHECK_FALSE(w.of.may_act(start + 6s + grace - 1ms));
        CHECK(shows(w.page(), R"(pending_reclaim{inference_pool="p"} 0.3333333333333333)"));
        CHECK(w.of.may_act(start + 6s + grace));
        CHECK(shows(w.page(), R"(revocations_issued_total{inference_pool="p",priority="0"} 1)"));
        CHECK(shows(w.page(), R"(revocations_total{inference_pool="p",outcome="confirmed"} 1)"));
        CHECK(shows(w.page(), R"(pending_reclaim{inference_pool="p"} 0)"));
    }

    TEST_CASE("a request that does not end is given up after ten seconds, once") {
        watched w({-1, -1});
        const auto ended = w.of.act(1.0, {0, 1.0}, start);
        CHECK_FALSE(w.of.may_act(start + 10s));
        CHECK(w.of.may_act(start + 10s + grace));
        w.of.ended(*ended[0], start + 11s);
        CHECK(shows(w.page(), R"(revocations_total{inference_pool="p",outcome="timed_out"} 1)"));
        CHECK(shows(w.page(), R"(revocations_total{inference_pool="p",outcome="confirmed"} 0)"));
    }

    TEST_CASE("who ends by itself is no victim any more") {
        watched w({-1, -2});
        w.of.ended(*w.items[1], start);
        CHECK(w.of.victim() == -1);
        w.of.ended(*w.items[0], start);
        CHECK(w.of.victim() == std::nullopt);
    }
}
