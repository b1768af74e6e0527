#include "datalayer/silence_log.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using weir::time_point;
using weir::datalayer::silence_log;

TEST_SUITE("datalayer/silence_log") {
    TEST_CASE("endpoints that fall silent together are one line, and the next one is another") {
        silence_log log;
        const time_point start{};
        CHECK_FALSE(log.take(start + 1h));
        log.note({"default/a", "http://a/metrics", "connection refused"}, start);
        log.note({"default/b", "http://b/metrics", "connection refused"}, start + 50ms);
        CHECK_FALSE(log.take(start + 199ms));
        const auto both = log.take(start + 200ms);
        REQUIRE(both);
        CHECK(both->first.endpoint == "default/a");
        CHECK(both->more == 1);
        CHECK_FALSE(log.take(start + 1h));

        log.note({"default/c", "http://c/metrics", "status 404"}, start + 2h);
        const auto alone = log.take(start + 3h);
        REQUIRE(alone);
        CHECK(alone->first.reason == "status 404");
        CHECK(alone->more == 0);
    }
}
