#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/topology_affinity_scorer") {
    TEST_CASE("host 1, rack 0.2, zone 0.05, region 0.02, else 0") {
        test_pool pool(6);
        const std::array<std::array<const char*, 4>, 6> places{{{"h", "r", "z", "g"},
                                                                {"h", "r", "z", "g"},
                                                                {"h2", "r", "z", "g"},
                                                                {"h3", "", "z", "g"},
                                                                {"h4", "", "", "g"},
                                                                {"", "", "", ""}}};
        const std::array keys{"host", "rack", "topology.kubernetes.io/zone",
                              "topology.kubernetes.io/region"};
        for (std::size_t i = 0; i < places.size(); ++i) {
            pool.label(i, "llm-d.ai/role", i == 0 ? "decode" : "prefill");
            for (std::size_t k = 0; k < keys.size(); ++k) pool.label(i, keys[k], places[i][k]);
        }
        picker_under_test it(
            "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {prefill: d}}}\n"
            "- {name: d, type: always-disagg-pd-decider}\n- type: decode-filter\n"
            "- type: prefill-filter\n- {name: where, type: topology-extractor, parameters: "
            "{hostname: host, rack: rack}}\n"
            "- {type: topology-affinity-scorer, parameters: {topologyProducerName: where}}\n"
            "schedulingProfiles:\n- {name: decode, plugins: [{pluginRef: decode-filter}]}\n"
            "- {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: "
            "topology-affinity-scorer}]}\n");
        const auto seen = it.explain(pool);
        REQUIRE(seen.size() == 2);
        CHECK(seen[1].survivors == ids{1, 2, 3, 4, 5});
        CHECK(seen[1].raw[0] == scores{1, 0.2, 0.05, 0.02, 0});  // an empty label is no place
    }

    TEST_CASE("without a peer nobody is near") {
        test_pool pool(2);
        CHECK(one_plugin("topology-affinity-scorer").scored(pool) == scores{0, 0});
    }
}
