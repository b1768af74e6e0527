#include "proxy/signal_table.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::proxy;

TEST_SUITE("proxy/signal_table") {
    TEST_CASE("an update keeps what was there before, and nothing of what stayed") {
        signal_columns signals;
        signals.reset(40);
        signals.age_seconds[3] = 2;
        signal_table table;
        table.reset("default/pool", 1, signals, 100);
        CHECK(table.is_about("default/pool", 1, 40));
        CHECK_FALSE(table.is_about("default/pool", 2, 40));
        CHECK_FALSE(table.is_about("default/other", 1, 40));
        CHECK_FALSE(table.is_about("default/pool", 1, 41));

        std::vector<signal_change> changes;
        // A second later: the age has grown, and that is no change.
        signals.age_seconds[3] = 3;
        table.update(signals, 101, changes);
        CHECK(changes.empty());

        signals.age_seconds[3] = 0;
        signals.waiting[17] = 4;
        signals.inflight_tokens[39] = 9;
        table.update(signals, 102, changes);
        REQUIRE(changes.size() == 3);
        CHECK(changes[0].endpoint == 3);
        CHECK(changes[0].before.scraped == 98);
        CHECK(changes[1].endpoint == 17);
        CHECK(changes[1].before.waiting == 0);
        CHECK(changes[2].endpoint == 39);

        std::vector<recorded_signals> rows(table.size());
        table.copy(rows);
        CHECK(rows[3].scraped == 102);
        CHECK(rows[17].waiting == 4);
        CHECK(rows[39].inflight_tokens == 9);
    }
}
