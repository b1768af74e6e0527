#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/decode_filter") {
    TEST_CASE("endpoints that decode are kept, and those without a role") {
        test_pool pool(9);
        const std::array roles{"decode",
                               "prefill",
                               "encode",
                               "both",
                               "prefill-decode",
                               "encode-prefill",
                               "encode-prefill-decode",
                               "other"};
        for (std::size_t i = 0; i < roles.size(); ++i) pool.label(i, "llm-d.ai/role", roles[i]);
        CHECK(one_plugin("decode-filter").kept(pool) == ids{0, 3, 4, 6, 8});
    }

    TEST_CASE("parameters are ignored") {
        CHECK(errors_of("decode-filter", "{label: 7, x: [1]}") == "");
    }
}
