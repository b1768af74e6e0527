#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

constexpr const char* key = "llm-d.ai/context-length-range";

}  // namespace

TEST_SUITE("scheduling/context_length_aware") {
    TEST_CASE("in range between 0.3 and 1, the tighter the better; outside below 0.3") {
        test_pool pool(9);
        const std::array ranges{"0-10000", " 2000 - 3000 ", "1000-1000", "0-500", "many",
                                "5-1",     "1-2-3",         "",          "-5-10"};
        for (std::size_t i = 0; i < 8; ++i) pool.label(i, key, ranges[i]);
        const sized_request r(1000);
        CHECK(near(one_plugin("context-length-aware").scored(pool, r.request),
                   scores{
                       // 0.3 + 0.7 * (0.7 / (1 + 10000/10000) + 0.3 * 9000 / 10000) = 0.734
                       0.734,
                       0.15,  // 1,000 below: 0.3 / 2
                       1,     // no width
                       0.2,   // 500 above: 0.3 / 1.5
                       0, 0, 0, 0,
                       0.5,  // no label
                   }));
    }

    TEST_CASE("both ends belong to the range") {
        test_pool pool(2);
        pool.label(0, key, "0-1000");
        pool.label(1, key, "1000-2000");
        const sized_request r(1000);
        // 0.3 + 0.7 * (0.7 / 1.1 + 0.3 * (max - 1000) / 1000)
        CHECK(near(one_plugin("context-length-aware").scored(pool, r.request),
                   scores{0.3 + 0.7 * (0.7 / 1.1), 0.3 + 0.7 * (0.7 / 1.1 + 0.3)}));
    }

    TEST_CASE("as a filter, if asked: no label stays, what is no range goes") {
        test_pool pool(4);
        pool.label(0, key, "0-1000");
        pool.label(1, key, "1001-2000");
        pool.label(2, key, "x");
        const sized_request r(1000);
        CHECK(one_plugin("context-length-aware").kept(pool, r.request) == ids{0, 1, 2, 3});
        CHECK(one_plugin("context-length-aware", "{enableFiltering: true}").kept(pool, r.request) ==
              ids{0, 3});
        CHECK(one_plugin("context-length-aware", "{enableFiltering: true, label: other}")
                  .kept(pool, r.request) == ids{0, 1, 2, 3});
    }

    TEST_CASE("an empty label name is refused") {
        CHECK(errors_of("context-length-aware", "{label: ''}") == "7:23 label must not be empty\n");
    }
}
