#include "sim/request_log.hpp"

#include <doctest/doctest.h>

using namespace weir::sim;

TEST_SUITE("sim/request_log") {
    TEST_CASE("the log keeps the newest and forgets the oldest") {
        request_log log(2);
        for (std::uint64_t n = 1; n <= 3; ++n) {
            request_record r;
            r.number = n;
            log.add(std::move(r));
        }
        REQUIRE(log.records().size() == 2);
        CHECK(log.records().front().number == 2);
        log.clear();
        CHECK(log.records().empty());
    }

    TEST_CASE("a log without room keeps nothing") {
        request_log log(0);
        CHECK_FALSE(log.enabled());
        log.add({});
        CHECK(log.records().empty());
    }
}
