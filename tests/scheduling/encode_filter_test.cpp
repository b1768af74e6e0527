#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/encode_filter") {
    TEST_CASE("endpoints that encode are kept; the label is required") {
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
        CHECK(one_plugin("encode-filter").kept(pool) == ids{2, 5, 6});
    }

    TEST_CASE("parameters are ignored") {
        CHECK(errors_of("encode-filter", "{label: 7, x: [1]}") == "");
    }
}
