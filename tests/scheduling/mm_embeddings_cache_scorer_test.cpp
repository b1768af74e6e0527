#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/mm_embeddings_cache_scorer") {
    TEST_CASE("the share of the request's items that the endpoint has encoded") {
        test_pool pool(2);
        picker_under_test it(
            "plugins: [{type: mm-embeddings-cache-scorer}, {type: decode-filter}]\n");
        const std::array<media_item, 2> first{{{1, 225, 0, "image"}, {2, 225, 0, "image"}}};
        inference_request r;
        r.media = first;
        CHECK(it.explain(pool, r)[0].raw[0] == scores{0, 0});
        pool.ready = {1};
        it.pick(pool, r);
        pool.ready = {0, 1};
        CHECK(it.explain(pool, r)[0].raw[0] == scores{0, 1});
        const std::array<media_item, 3> second{
            {{2, 225, 0, "image"}, {3, 225, 0, "image"}, {2, 225, 0, "image"}}};
        r.media = second;  // two distinct items, one of them known
        CHECK(it.explain(pool, r)[0].raw[0] == scores{0, 0.5});
        CHECK(it.explain(pool)[0].raw[0] == scores{0, 0});  // no item
    }
}
