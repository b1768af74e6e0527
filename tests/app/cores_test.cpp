#include "app/cores.hpp"

#include <sched.h>

#include <doctest/doctest.h>

using namespace weir::app;

TEST_SUITE("app/cores") {
    TEST_CASE("a process that was put on one core has one") {
        cpu_set_t before;
        CPU_ZERO(&before);
        REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
        CHECK(usable_cores() == static_cast<unsigned>(CPU_COUNT(&before)));
        std::size_t core = 0;
        while (!CPU_ISSET(core, &before)) ++core;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
        CHECK(usable_cores() == 1);
        CHECK(::sched_setaffinity(0, sizeof before, &before) == 0);
    }
}
