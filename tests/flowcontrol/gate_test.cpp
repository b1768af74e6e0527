#include "flowcontrol/gate.hpp"

#include <doctest/doctest.h>

#include <string>

#include "engine_fixture.hpp"

using namespace weir;
using namespace weir::flowcontrol;
using namespace weir::flowcontrol::test;
using namespace std::chrono_literals;

namespace {

stage_levels at(double saturation) {
    stage_levels l;
    l.effective = saturation;
    l.ready = true;
    return l;
}

config::detector_settings detector(config::detector_kind kind) {
    config::detector_settings d;
    d.kind = kind;
    return d;
}

const time_point now(1000s);

}  // namespace

TEST_SUITE("flowcontrol/gate") {
    TEST_CASE("with room an arrival goes straight through") {
        gate g("ns/p", {}, detector(config::detector_kind::utilization), {}, 50ms);
        released out;
        CHECK(g.arrive(item(0), at(0.5), now, out) == outcome::dispatched);
        CHECK(out.items.empty());
        CHECK(g.idle());
    }

    TEST_CASE("an arrival lets the one before it go first") {
        gate g("ns/p", {}, detector(config::detector_kind::utilization), {}, 50ms);
        released out;
        const auto first = item(0);
        const auto second = item(0);
        CHECK(g.arrive(first, at(1), now, out) == outcome::queued);
        CHECK(g.arrive(second, at(0), now, out) == outcome::queued);
        REQUIRE(out.items.size() == 1);
        CHECK(out.items[0].first == first);
        g.cycle(at(0), now, out);
        REQUIRE(out.items.size() == 2);
        CHECK(out.items[1].first == second);
    }

    TEST_CASE("where the detector counts what is in flight, one is counted before the next goes") {
        gate g("ns/p", {}, detector(config::detector_kind::concurrency), {}, 50ms);
        released out;
        CHECK(g.arrive(item(0), at(0), now, out) == outcome::dispatched);
        CHECK(g.arrive(item(0), at(0), now, out) == outcome::queued);
        g.cycle(at(0), now, out);
        CHECK(out.items.empty());
        g.confirm();
        g.cycle(at(0), now, out);
        CHECK(out.items.size() == 1);
    }

    TEST_CASE("with eviction on, a blocked band ends what matters less") {
        config::flow_control_settings s;
        s.enable_eviction = true;
        gate g("ns/p", s, detector(config::detector_kind::utilization), {-1, 5}, 50ms);
        released out;
        const auto victim = item(-1);
        CHECK(g.arrive(victim, at(0), now, out) == outcome::dispatched);
        CHECK(g.arrive(item(-1), at(1), now, out) == outcome::queued);
        CHECK(out.revoked.empty());  // who waits matters as little
        CHECK(g.arrive(item(5), at(1), now, out) == outcome::queued);
        REQUIRE(out.revoked.size() == 1);
        CHECK(out.revoked[0] == victim);
    }

    TEST_CASE("the series of a flow go with it") {
        gate g("ns/p", {}, detector(config::detector_kind::utilization), {}, 50ms);
        released out;
        const auto gone = item(0, "gone");
        gone->fairness_label = "gone";
        CHECK(g.arrive(gone, at(0), now, out) == outcome::dispatched);
        const auto page = [&] {
            metrics::exposition text;
            g.collect(text);
            return text.text();
        };
        CHECK(page().find("fairness_id=\"gone\"") != std::string::npos);
        g.cycle(at(0), now + 6min, out);
        CHECK(page().find("fairness_id=\"gone\"") == std::string::npos);
    }

    TEST_CASE("closing sends everybody away") {
        gate g("ns/p", {}, detector(config::detector_kind::utilization), {}, 50ms);
        released out;
        g.arrive(item(0), at(1), now, out);
        g.arrive(item(-3), at(1), now, out);
        g.close(now, out);
        REQUIRE(out.items.size() == 2);
        CHECK(out.items[0].second == outcome::shutting_down);
        CHECK(g.idle());
    }

    TEST_CASE("the queues can be looked at") {
        gate g("ns/p", {}, detector(config::detector_kind::utilization), {-1}, 50ms);
        released out;
        g.arrive(item(-1, "tenant", 30), at(1), now, out);
        g.arrive(item(-1, "tenant", 12), at(1), now + 2s, out);
        const auto bands = g.bands(now + 3s);
        REQUIRE(bands.size() == 2);
        CHECK(bands[1].settings.priority == -1);
        REQUIRE(bands[1].flows.size() == 1);
        CHECK(bands[1].flows[0].fairness_id == "tenant");
        CHECK(bands[1].flows[0].requests == 2);
        CHECK(bands[1].flows[0].bytes == 42);
        CHECK(bands[1].flows[0].oldest == 3s);
    }

    TEST_CASE("metrics tell depth, waits and outcomes") {
        config::flow_control_settings s;
        s.max_requests = 2;
        gate g("ns/p", s, detector(config::detector_kind::utilization), {}, 50ms);
        released out;
        const auto one = item(0);
        one->fairness_label = "tenant";
        g.arrive(one, at(1), now, out);
        const auto two = item(0);
        g.arrive(two, at(1), now, out);
        CHECK(g.arrive(item(0), at(1), now, out) == outcome::rejected_capacity);
        g.cancel(*two, now + 1s);
        metrics::exposition page;
        g.collect(page);
        const auto text = page.text();
        const auto has = [&text](const std::string& line) {
            CAPTURE(line);
            CHECK(text.find(line) != std::string::npos);
        };
        has("llm_d_epp_flow_control_queue_size{fairness_id=\"tenant\",inference_pool=\"ns/p\"");
        has("inference_extension_flow_control_queue_bytes{fairness_id=\"tenant\"");
        has("llm_d_epp_flow_control_requests_total{inference_pool=\"ns/p\","
            "outcome=\"RejectedCapacity\",priority=\"0\"} 1");
        has("outcome=\"EvictedContextCancelled\",priority=\"0\"} 1");
        has("llm_d_epp_flow_control_global_capacity_utilization_requests{inference_pool=\"ns/p\"} "
            "0.5");
        has("llm_d_epp_flow_control_pool_saturation{inference_pool=\"ns/p\",stage=\"effective\"} "
            "1");
    }
}
