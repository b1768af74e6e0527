#include "scheduling/charges.hpp"

#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

using namespace weir::scheduling;

}  // namespace

TEST_SUITE("scheduling/charges") {
    TEST_CASE("uncached: the blocks that are missing and what lies beyond all blocks") {
        prefix_match match;
        match.reset(2, 4, 64);
        match.matched_blocks = {3, 9};
        CHECK(uncached_tokens(&match, 0, 300) == 108);  // 1 * 64 + 44
        CHECK(uncached_tokens(&match, 1, 300) == 44);
        CHECK(uncached_tokens(&match, 0, 200) == 64);  // the last block is not full
        CHECK(uncached_tokens(nullptr, 0, 200) == 200);
        match.present = false;
        CHECK(uncached_tokens(&match, 0, 200) == 200);
    }

    TEST_CASE("output: round half away from zero, capped by the client and the operator") {
        charge_rules rules;
        CHECK(output_estimate(rules, 100, -1) == 0);  // not asked for
        rules.output_tokens = true;
        CHECK(output_estimate(rules, 101, -1) == 152);  // 151.5
        CHECK(output_estimate(rules, 0, -1) == 0);
        CHECK(output_estimate(rules, 101, 10) == 10);
        CHECK(output_estimate(rules, 101, 0) == 0);
        rules.max_output_tokens = 7;
        CHECK(output_estimate(rules, 101, 10) == 7);
        rules.output_ratio = 0;
        CHECK(output_estimate(rules, 101, -1) == 0);
    }
}
