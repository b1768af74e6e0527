#include "datalayer/endpoint_pool.hpp"

#include <doctest/doctest.h>

#include "datalayer/inflight.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;
using weir::time_point;
using weir::config::endpoint_source;

namespace {

const time_point now = time_point(1h);

endpoint_source pod(std::string name, std::string host, bool ready = true) {
    return {"default", std::move(name), std::move(host), {8000}, {}, ready};
}

std::vector<std::string> names(const endpoint_pool& p) {
    std::vector<std::string> out;
    for (const auto& e : p.views().load()->endpoints) out.push_back(e.name);
    return out;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("datalayer/endpoint_pool") {
    TEST_CASE("a new pool has an empty view, and every change makes a newer one") {
        endpoint_pool p("default", "pool");
        const auto empty = p.views().load();
        REQUIRE(empty != nullptr);
        CHECK(empty->size() == 0);
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1")}, now);
        const auto one = p.views().load();
        CHECK(one->size() == 1);
        CHECK(one->version > empty->version);
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1")}, now);
        CHECK(p.views().load() == one);
    }

    TEST_CASE("state survives a reload by identity and address") {
        endpoint_pool p("default", "pool");
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1"), pod("b", "10.0.0.2")}, now);
        const auto before = p.views().load();
        before->states[1]->inflight_requests = 7;
        p.set_sources(endpoint_origin::config, {pod("b", "10.0.0.2"), pod("a", "10.0.0.9")}, now);
        const auto after = p.views().load();
        CHECK(after->states[0] == before->states[1]);
        CHECK(after->states[0]->inflight_requests == 7);
        CHECK(after->states[1] != before->states[0]);
        CHECK(after->states[1]->serial != before->states[0]->serial);
    }

    TEST_CASE(
        "an endpoint that leaves with requests under way comes back with the right count and no "
        "old numbers") {
        endpoint_pool p("default", "pool");
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1")}, now);
        p.publish_lora(*p.members()[0]->state, {{"x"}, {}, 1});
        p.members()[0]->state->updated_ns = 5;
        {
            inflight_guard g(p.views().load()->states[0], 10);
            p.set_sources(endpoint_origin::config, {}, now);
            p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1")}, now);
            const auto& s = *p.views().load()->states[0];
            CHECK(s.inflight_requests == 1);
            CHECK(s.updated_ns == 0);
            CHECK(s.lora.load() == nullptr);
        }
        CHECK(p.views().load()->states[0]->inflight_requests == 0);
    }

    TEST_CASE("a Pod that is not ready is listed but no candidate") {
        endpoint_pool p("default", "pool");
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1", false), pod("b", "10.0.0.2")},
                      now);
        weir::signal_columns c;
        std::vector<std::uint32_t> ready;
        p.views().load()->read(now, c, ready);
        CHECK(ready == std::vector<std::uint32_t>{1});
        CHECK(p.members()[0]->health.state == endpoint_health::not_ready);
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1"), pod("b", "10.0.0.2")}, now);
        p.views().load()->read(now, c, ready);
        CHECK(ready.size() == 2);
    }

    TEST_CASE("addresses of a name come and go") {
        endpoint_pool p("default", "pool");
        p.set_sources(endpoint_origin::file, {pod("a", "gpu.local")}, now);
        CHECK(p.host_names() == std::set<std::string>{"gpu.local"});
        CHECK(names(p).empty());
        p.set_addresses("gpu.local", {"10.0.0.1"}, now);
        CHECK(names(p) == texts{"a"});
        const auto state = p.views().load()->states[0];
        p.set_addresses("gpu.local", {"10.0.0.1", "10.0.0.2"}, now);
        CHECK(names(p) == texts{"a-10.0.0.1", "a-10.0.0.2"});
        CHECK(p.views().load()->states[0] == state);
    }

    TEST_CASE("the administrator adds, removes and drains, and reloads do not undo it") {
        endpoint_pool p("default", "pool");
        const std::vector<endpoint_source> pods = {pod("a", "10.0.0.1"), pod("b", "10.0.0.2")};
        p.set_sources(endpoint_origin::config, pods, now);
        p.admin_add(pod("c", "10.0.0.3"), now);
        CHECK(names(p) == texts{"a-rank-0", "b-rank-0", "c"});
        CHECK(p.admin_remove("default/a-rank-0", now));
        CHECK_FALSE(p.admin_remove("default/nobody", now));
        CHECK(p.admin_drain("default/b-rank-0", true, now));
        CHECK_FALSE(p.admin_drain("default/nobody", true, now));
        p.set_sources(endpoint_origin::config, {}, now);
        p.set_sources(endpoint_origin::config, pods, now);
        CHECK(names(p) == texts{"b-rank-0", "c"});
        CHECK(p.members()[0]->health.state == endpoint_health::draining);
        CHECK(p.admin_drain("default/b-rank-0", false, now));
        CHECK(p.members()[0]->health.state == endpoint_health::ready);
    }

    TEST_CASE("adapter lists read through an old view stay valid however many follow") {
        endpoint_pool p("default", "pool");
        p.set_sources(endpoint_origin::config, {pod("a", "10.0.0.1")}, now);
        const auto old_view = p.views().load();
        auto& state = *p.members()[0]->state;
        p.publish_lora(state, {{"first"}, {}, 1});
        const auto* first = state.lora.load();
        for (int i = 0; i < 5000; ++i) p.publish_lora(state, {{"n" + std::to_string(i)}, {}, 1});
        const auto* middle = state.lora.load();
        for (int i = 0; i < 5000; ++i) p.publish_lora(state, {{"m"}, {}, 1});
        CHECK(first->active == texts{"first"});
        CHECK(middle->active == texts{"n4999"});
        CHECK(p.views().load()->version == old_view->version);
        CHECK(p.views().load()->states[0]->lora.load()->active == texts{"m"});
    }
}
