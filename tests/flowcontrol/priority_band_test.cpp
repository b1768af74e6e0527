#include "flowcontrol/priority_band.hpp"

#include <doctest/doctest.h>

#include <string>

#include "engine_fixture.hpp"

using namespace weir;
using namespace weir::flowcontrol;
using namespace weir::flowcontrol::test;
using namespace std::chrono_literals;

namespace {

config::flow_control_settings with(config::fairness_policy fairness,
                                   config::ordering_policy ordering = {}) {
    config::flow_control_settings s;
    auto& band = s.bands.emplace_back();
    band.fairness.policy = fairness;
    band.ordering.policy = ordering;
    return s;
}

/// The flows in the order in which their requests leave.
std::string order(bench& b) {
    std::string out;
    while (const auto i = b.take()) out += i->fairness_id;
    return out;
}

}  // namespace

TEST_SUITE("flowcontrol/priority_band") {
    TEST_CASE("global strict: arrival decides over all flows") {
        bench b(with(config::fairness_policy::global_strict));
        for (const auto* f : {"b", "a", "a", "c", "b"}) b.put(0, f);
        CHECK(order(b) == "baacb");
    }

    TEST_CASE("round robin: the flows in turn, by the order of their ids") {
        bench b(with(config::fairness_policy::round_robin));
        for (const auto* f : {"b", "b", "b", "a", "c", "c"}) b.put(0, f);
        CHECK(order(b) == "abcbcb");
    }

    TEST_CASE("round robin goes on behind the flow served last") {
        bench b(with(config::fairness_policy::round_robin));
        b.put(0, "b");
        CHECK(order(b) == "b");
        for (const auto* f : {"a", "b", "c"}) b.put(0, f);
        CHECK(order(b) == "cab");
    }

    TEST_CASE("program aware: the flow that had least service, decaying with its half-life") {
        bench b(with(config::fairness_policy::program_aware));
        b.put(0, "a");
        b.put(0, "b");
        CHECK(b.take()->fairness_id == "a");
        b.put(0, "a");
        b.under.account(0, "a", 1000, 500, b.now);  // 2,000 of service
        b.under.account(0, "b", 100, 50, b.now);    // 200
        CHECK(order(b) == "ba");
        // Ten half-lives later 2,000 are 1.95; 200 given now are more.
        b.now += 600s;
        b.put(0, "a");
        b.put(0, "b");
        b.under.account(0, "b", 100, 50, b.now);
        CHECK(order(b) == "ab");
    }

    TEST_CASE("earliest deadline: the request with least time left, whenever it came") {
        auto s = with(config::fairness_policy::global_strict, config::ordering_policy::edf);
        s.default_request_ttl = 60s;
        s.no_endpoint_request_ttl = 5s;
        bench b(s);
        b.put(0, "a");
        b.ready = false;
        b.now += 1s;
        b.put(0, "b");
        CHECK(order(b) == "ba");
    }

    TEST_CASE("deadline by SLO: received + time to first token; without one it is last") {
        auto s =
            with(config::fairness_policy::global_strict, config::ordering_policy::slo_deadline);
        bench b(s);
        const auto put = [&](const char* flow, std::optional<duration> slo) {
            auto i = item(0, flow);
            i->received = b.now;
            i->slo_ttft = slo;
            b.under.enqueue(i, b.now, true);
        };
        put("a", std::nullopt);
        put("b", 900ms);
        put("c", 100ms);
        put("d", std::nullopt);
        CHECK(order(b) == "cbad");
    }
}
