#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

constexpr const char* bound = "{prefixMatchInfoProducerName: prefix}";

}  // namespace

TEST_SUITE("scheduling/no_hit_lru_scorer") {
    TEST_CASE("a warm request is none of its business") {
        test_pool pool(3);
        prefix_told() = {4, 64, {1, 0, 0}, {}, false};
        CHECK(one_plugin("no-hit-lru-scorer", bound).scored(pool) == scores{0.5, 0.5, 0.5});
        pool.ready = {1, 2};  // the one that holds something is no candidate
        CHECK(one_plugin("no-hit-lru-scorer", bound).scored(pool) == scores{1, 0});
    }

    TEST_CASE("cold: never used ones in order, then the least recently used") {
        test_pool pool(3);
        prefix_told() = {4, 64, {0, 0, 0}, {}, false};
        one_plugin it("no-hit-lru-scorer", bound);
        CHECK(it.scored(pool) == scores{1, 0.5, 0});  // 1 - i / 2
        CHECK(it.pick(pool) == 0);
        CHECK(it.scored(pool) == scores{0, 1, 0.5});  // 1 and 2 never used, then 0: 1 - (2 + 0) / 2
        CHECK(it.pick(pool) == 1);
        CHECK(it.pick(pool) == 2);
        CHECK(it.scored(pool) == scores{1, 0.5, 0});
        CHECK(it.pick(pool) == 0);
        CHECK(it.scored(pool) == scores{0, 1, 0.5});
        prefix_told().absent = true;  // nothing known is cold too
        CHECK(it.scored(pool) == scores{0, 1, 0.5});
    }

    TEST_CASE("places of endpoints that are no candidates count too") {
        test_pool pool(4);
        prefix_told() = {4, 64, {0, 0, 0, 0}, {}, false};
        one_plugin it("no-hit-lru-scorer", bound);
        for (int i = 0; i < 4; ++i) it.pick(pool);  // 0, 1, 2, 3
        pool.ready = {2, 3};
        // Positions 2 and 3: 1 - 2 / 1 and 1 - 3 / 1, not below 0.
        CHECK(it.scored(pool) == scores{0, 0});
        pool.ready = {3};
        CHECK(it.scored(pool) == scores{1});
    }

    TEST_CASE("a warm request moves nobody") {
        test_pool pool(2);
        one_plugin it("no-hit-lru-scorer", bound);
        prefix_told() = {4, 64, {1, 0}, {}, false};
        it.pick(pool);
        prefix_told() = {4, 64, {0, 0}, {}, false};
        CHECK(it.scored(pool) == scores{1, 0});
    }

    TEST_CASE("it remembers so many endpoints, and over a reload") {
        test_pool pool(3);
        prefix_told() = {4, 64, {0, 0, 0}, {}, false};
        const std::string small = "{prefixMatchInfoProducerName: prefix, lruSize: 1}";
        one_plugin it("no-hit-lru-scorer", small);
        it.pick(pool);
        it.pick(pool);  // 0 is forgotten
        CHECK(it.scored(pool) == scores{1, 0, 0.5});
        one_plugin again("no-hit-lru-scorer", small);
        again.reload_from(it);
        CHECK(again.scored(pool) == scores{1, 0, 0.5});
    }

    TEST_CASE("older parameters are ignored") {
        CHECK(errors_of("no-hit-lru-scorer",
                        "{prefixPluginType: x, prefixPluginName: y, lruSize: 0}") == "");
    }
}
