#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

/// Endpoint 0 decodes at h/r/z/g; the others prefill at the same host, rack, zone, region, nowhere
/// near.
test_pool placed() {
    test_pool pool(6);
    const std::array<std::array<const char*, 4>, 6> places{{{"h", "r", "z", "g"},
                                                            {"h", "r", "z", "g"},
                                                            {"h2", "r", "z", "g"},
                                                            {"h3", "r3", "z", "g"},
                                                            {"h4", "r4", "z4", "g"},
                                                            {"h5", "r5", "z5", "g5"}}};
    const std::array keys{"kubernetes.io/hostname", "topology.kubernetes.io/rack",
                          "topology.kubernetes.io/zone", "topology.kubernetes.io/region"};
    for (std::size_t i = 0; i < places.size(); ++i) {
        pool.label(i, "llm-d.ai/role", i == 0 ? "decode" : "prefill");
        for (std::size_t k = 0; k < keys.size(); ++k) pool.label(i, keys[k], places[i][k]);
    }
    return pool;
}

ids prefill_candidates(const test_pool& pool, const std::string& parameters) {
    picker_under_test it(
        "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: "
        "yes-please}}}\n"
        "- {name: yes-please, type: always-disagg-pd-decider}\n- type: decode-filter\n"
        "- type: prefill-filter\n- {type: topology-affinity-filter, parameters: {" +
        parameters +
        "}}\nschedulingProfiles:\n- {name: decode, plugins: [{pluginRef: decode-filter}]}\n"
        "- {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: "
        "topology-affinity-filter}]}\n");
    const auto seen = it.explain(pool);
    REQUIRE(seen.size() == 2);
    return seen[1].survivors;
}

}  // namespace

TEST_SUITE("scheduling/topology_affinity_filter") {
    TEST_CASE("prefill stays near the decode endpoint, at the wanted level or tighter") {
        for (const auto& [least, near_enough] : {std::pair{"host", ids{1}},
                                                 {"rack", ids{1, 2}},
                                                 {"zone", ids{1, 2, 3}},
                                                 {"region", ids{1, 2, 3, 4}}}) {
            CAPTURE(least);
            auto pool = placed();
            CHECK(prefill_candidates(pool, std::string("minAffinity: ") + least) == near_enough);
        }
    }

    TEST_CASE("without a place of the peer, or nobody near, all stay") {
        auto pool = placed();
        pool.endpoints[0].labels = {{"llm-d.ai/role", "decode"}};
        CHECK(prefill_candidates(pool, "minAffinity: host") == ids{1, 2, 3, 4, 5});
        pool = placed();
        pool.ready = {0, 5};
        CHECK(prefill_candidates(pool, "minAffinity: region") == ids{5});
        test_pool flat(2);  // no peer at all
        CHECK(one_plugin("topology-affinity-filter").kept(flat) == ids{0, 1});
    }

    TEST_CASE("levels are four") {
        CHECK(errors_of("topology-affinity-filter", "{minAffinity: city}") ==
              "7:29 unsupported minAffinity \"city\"\n");
    }
}
