#include "scheduling/prefix_runs.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "chains.hpp"

using namespace weir;
using namespace weir::scheduling::prefix;
using namespace weir::scheduling::testing;

namespace {

std::map<std::uint16_t, std::uint32_t> holders(const run_table& table, const chain& window) {
    std::map<std::uint16_t, std::uint32_t> found;
    table.match(window, [&](const run_view& r, std::uint32_t) {
        table.for_each_holder(r, [&](const holder& h) { found[h.endpoint] = h.blocks; });
        CHECK(found.size() == r.holders);
        std::uint32_t partial = 0;
        for (const auto& [endpoint, blocks] : found) partial += blocks < r.blocks ? 1 : 0;
        CHECK(partial == r.partial);
    });
    return found;
}

}  // namespace

TEST_SUITE("scheduling/prefix_runs") {
    TEST_CASE("a window ends where the next multiple of sixteen blocks begins") {
        const chain c(40, 1);
        CHECK(window_at(c, 0).size() == 16);
        CHECK(window_at(c, 5).size() == 11);
        CHECK(window_at(c, 15).size() == 1);
        CHECK(window_at(c, 32).size() == 8);
    }

    TEST_CASE("a run grows while its window has room and branches where a prompt differs") {
        run_table table(100);
        random_source random(1);
        auto c = random_chain(random, 16);
        const auto first = table.hold(chain(c.begin(), c.begin() + 5), 1, 11);
        CHECK(first.blocks == 5);
        CHECK(first.fresh);
        const auto grown = table.hold(c, 2, 12);
        CHECK(grown.run == first.run);
        CHECK(grown.blocks == 16);
        CHECK(holders(table, c) == std::map<std::uint16_t, std::uint32_t>{{1, 5}, {2, 16}});
        auto other = c;
        other[7] = random();
        const auto branched = table.hold(other, 3, 13);
        CHECK(branched.run == first.run);
        CHECK(branched.blocks == 7);
        const auto again = table.hold(c, 3, 14);
        CHECK_FALSE(again.fresh);
        CHECK(again.entry == 13);
        CHECK(again.gained == 9);
        const auto shorter = table.hold(chain(c.begin(), c.begin() + 2), 3, 14);
        CHECK(shorter.gained == 0);
        CHECK(shorter.beyond == 14);
        CHECK(holders(table, c) ==
              std::map<std::uint16_t, std::uint32_t>{{1, 5}, {2, 16}, {3, 16}});
    }

    TEST_CASE("only a run that ended before its window says that none follows") {
        run_table table(100);
        random_source random(2);
        const auto c = random_chain(random, 16);
        table.hold(chain(c.begin(), c.begin() + 5), 1, 1);
        const auto nothing = [](const run_view&, std::uint32_t) {};
        CHECK(table.match(c, nothing).last);
        CHECK_FALSE(table.match(chain(c.begin(), c.begin() + 5), nothing).last);
        auto other = c;
        other[3] = random();
        const auto left = table.match(other, nothing);
        CHECK(left.blocks == 3);
        CHECK_FALSE(left.last);
        CHECK(table.match(random_chain(random, 4), nothing).blocks == 0);
    }

    TEST_CASE("releasing takes from the end, and the last holder takes the run along") {
        run_table table(100);
        random_source random(3);
        const auto c = random_chain(random, 16);
        const auto id = table.hold(c, 1, 1).run;
        table.hold(c, 2, 2);
        auto released = table.release(id, 1, 6);
        CHECK(released.blocks == 6);
        CHECK_FALSE(released.gone);
        CHECK(holders(table, c) == std::map<std::uint16_t, std::uint32_t>{{1, 10}, {2, 16}});
        released = table.release(id, 1, 100);
        CHECK(released.blocks == 10);
        CHECK(released.gone);
        CHECK(table.release(id, 2, 16).gone);
        CHECK(holders(table, c).empty());
        CHECK(table.match(c, [](const run_view&, std::uint32_t) {}).blocks == 0);
    }

    TEST_CASE("many holders come and go in any order") {
        run_table table(1000);
        random_source random(4);
        const auto c = random_chain(random, 9);
        std::map<std::uint16_t, std::uint32_t> expected;
        std::uint32_t id = 0;
        for (int i = 0; i < 4000; ++i) {
            const auto endpoint = static_cast<std::uint16_t>(random.below(60));
            if (random.below(2) == 0) {
                const auto n = 2 + random.below(8);
                id =
                    table.hold(chain(c.begin(), c.begin() + static_cast<long>(n)), endpoint, 1).run;
                auto& blocks = expected[endpoint];
                blocks = std::max(blocks, static_cast<std::uint32_t>(n));
            } else if (expected.contains(endpoint)) {
                const auto n = static_cast<std::uint32_t>(1 + random.below(9));
                const auto released = table.release(id, endpoint, n);
                auto& blocks = expected[endpoint];
                CHECK(released.blocks == std::min(blocks, n));
                CHECK(released.gone == (n >= blocks));
                blocks -= released.blocks;
                if (blocks == 0) expected.erase(endpoint);
            }
            CAPTURE(i);
            REQUIRE(holders(table, c) == expected);
        }
    }

    TEST_CASE("keys stay findable while others are erased around them") {
        // All in one shard and close together, so that probing wraps and entries move.
        run_table table(4000);
        random_source random(5);
        std::map<std::uint64_t, std::uint32_t> present;
        for (int i = 0; i < 20'000; ++i) {
            const std::uint64_t key = (random.below(4) << 32) | (0xfffffff8 + random.below(600));
            const auto it = present.find(key);
            if (it == present.end()) {
                // Singles and longer runs side by side.
                present[key] = table.hold(key % 3 == 0 ? chain{key, key} : chain{key}, 1, 1).run;
                REQUIRE(present[key] != 0);
            } else {
                REQUIRE(table.release(it->second, 1, 16).gone);
                present.erase(it);
            }
            if (i % 500 == 0) {
                for (std::uint64_t high = 0; high < 4; ++high) {
                    for (std::uint64_t low = 0; low < 600; ++low) {
                        const auto k = (high << 32) | (0xfffffff8 + low);
                        REQUIRE(
                            (table.match(chain{k}, [](const run_view&, std::uint32_t) {}).blocks ==
                             1) == present.contains(k));
                    }
                }
            }
        }
    }

    TEST_CASE("when the units are used up nothing is held, and a released one can be had again") {
        run_table table(64);
        std::vector<std::uint32_t> runs;
        for (std::uint64_t key = 1;; ++key) {
            const auto held = table.hold(chain{key}, 1, 1);
            if (held.run == 0) break;
            runs.push_back(held.run);
        }
        CHECK(runs.size() == 128);  // two singles a unit
        CHECK(table.match(chain{1000}, [](const run_view&, std::uint32_t) {}).blocks == 0);
        CHECK(table.release(runs[5], 1, 1).gone);
        CHECK(table.hold(chain{1000}, 1, 1).run == runs[5]);
        // Two blocks need a whole unit.
        CHECK(table.release(runs[8], 1, 1).gone);
        CHECK(table.hold(chain{2000, 2001}, 1, 1).run == 0);
        CHECK(table.release(runs[9], 1, 1).gone);
        CHECK(table.hold(chain{2000, 2001}, 1, 1).run != 0);
    }

    TEST_CASE("a run of one block stays one; what follows it is a run of its own") {
        run_table table(100);
        random_source random(6);
        const auto c = random_chain(random, 5);
        const auto first = table.hold(chain{c[0]}, 1, 11);
        CHECK(first.gained == 1);
        CHECK_FALSE(first.fresh);  // its first holder's entry is inside
        CHECK(first.entry == first.run);
        const auto longer = table.hold(c, 2, 12);
        CHECK(longer.run == first.run);
        CHECK(longer.blocks == 1);
        CHECK(longer.fresh);
        CHECK(longer.entry == 12);
        const auto rest = table.hold(chain(c.begin() + 1, c.end()), 2, 13);
        CHECK(rest.blocks == 4);
        const auto found = table.match(c, [](const run_view&, std::uint32_t) {});
        CHECK(found.blocks == 1);
        CHECK_FALSE(found.last);
        CHECK(holders(table, c) == std::map<std::uint16_t, std::uint32_t>{{1, 1}, {2, 1}});
        // The inner place is free again, and taken by the next to come.
        CHECK(table.release(first.run, 1, 1).gone);
        CHECK(table.hold(chain{c[0]}, 3, 14).entry == first.run);
        CHECK(table.hold(chain{c[0]}, 2, 14).entry == 12);
        CHECK(table.release(first.run, 2, 16).gone);
        CHECK(table.release(first.run, 3, 16).gone);
        CHECK(holders(table, c).empty());
    }

    TEST_CASE("many holders of a single come and go in any order") {
        run_table table(1000);
        random_source random(7);
        std::map<std::uint16_t, std::uint32_t> expected;
        std::uint32_t id = 0;
        for (int i = 0; i < 4000; ++i) {
            const auto endpoint = static_cast<std::uint16_t>(random.below(40));
            if (random.below(2) == 0) {
                id = table.hold(chain{77}, endpoint, 1).run;
                expected[endpoint] = 1;
            } else if (expected.erase(endpoint) != 0) {
                REQUIRE(table.release(id, endpoint, 1).gone);
            }
            CAPTURE(i);
            REQUIRE(holders(table, {77}) == expected);
        }
    }
}
