#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/mm_embeddings_cache_producer") {
    TEST_CASE("an endpoint keeps so many items of 2 MiB, the last used ones") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: mm-embeddings-cache-producer, parameters: {cacheSizeInMBPerServer: "
            "4}}, {type: mm-embeddings-cache-scorer}]\n");
        const auto request = [](const media_item& item) {
            inference_request r;
            r.media = std::span(&item, 1);
            return r;
        };
        const media_item a{1, 1, 0, "image"};
        const media_item b{2, 1, 0, "image"};
        const media_item c{3, 1, 0, "image"};
        it.pick(pool, request(a));
        it.pick(pool, request(b));
        it.pick(pool, request(a));
        it.pick(pool, request(c));  // b goes
        CHECK(it.explain(pool, request(a))[0].raw[0] == scores{1});
        CHECK(it.explain(pool, request(b))[0].raw[0] == scores{0});
        CHECK(it.explain(pool, request(c))[0].raw[0] == scores{1});
    }

    TEST_CASE("the field has one name") {
        CHECK(errors_of("mm-embeddings-cache-producer", "{cacheSizeInMB: 4}") ==
              "7:16 json: unknown field \"cacheSizeInMB\"\n");
        CHECK(errors_of("mm-embeddings-cache-producer", "{cacheSizeInMBPerServer: -1}") == "");
    }
}
