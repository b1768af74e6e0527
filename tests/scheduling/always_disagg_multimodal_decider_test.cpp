#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/always_disagg_multimodal_decider") {
    TEST_CASE("encode runs for requests with an image, a sound or a video") {
        test_pool pool(2);
        picker_under_test it(
            "plugins:\n- {type: disagg-profile-handler, parameters: {deciders: {encode: mm}}}\n"
            "- {name: mm, type: always-disagg-multimodal-decider, parameters: {ignored: 1}}\n"
            "schedulingProfiles: [{name: decode}, {name: encode}]\n");
        CHECK(it.explain(pool).size() == 1);
        const media_item image{1, 225, 0, "image"};
        inference_request r;
        r.media = std::span(&image, 1);
        const auto seen = it.explain(pool, r);
        REQUIRE(seen.size() == 2);
        CHECK(seen[1].name == "encode");
    }
}
