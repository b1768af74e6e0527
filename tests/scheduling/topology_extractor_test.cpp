#include "plugin_fixture.hpp"
#include "scheduling/topology.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

using namespace weir::scheduling;

}  // namespace

TEST_SUITE("scheduling/topology_extractor") {
    TEST_CASE("the tightest level at which both say the same") {
        endpoint a;
        a.labels = {{"h", "1"}, {"r", "1"}, {"z", "1"}};
        endpoint b;
        b.labels = {{"h", "2"}, {"r", "1"}, {"z", "1"}};
        const topology_labels labels({"h", "r", "z", "g"});
        CHECK(labels.between(a, a) == closeness::host);
        CHECK(labels.between(a, b) == closeness::rack);
        b.labels = {{"h", ""}, {"z", "1"}};
        CHECK(labels.between(a, b) == closeness::zone);
        CHECK(labels.between(a, endpoint{}) == closeness::none);
        CHECK(labels.between(endpoint{}, endpoint{}) == closeness::none);
    }

    TEST_CASE("labels have Kubernetes' names unless told otherwise") {
        CHECK(errors_of("topology-extractor", "{hostname: a, rack: b, zone: c, region: ''}") == "");
        CHECK(errors_of("topology-extractor", "{host: a}") ==
              "7:16 json: unknown field \"host\"\n");
    }
}
