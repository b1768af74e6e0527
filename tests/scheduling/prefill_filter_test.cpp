#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/prefill_filter") {
    TEST_CASE("endpoints that prefill are kept; the label is required") {
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
        CHECK(one_plugin("prefill-filter").kept(pool) == ids{1, 3, 4, 5, 6});
    }

    TEST_CASE("parameters are ignored") {
        CHECK(errors_of("prefill-filter", "{label: 7, x: [1]}") == "");
    }
}
