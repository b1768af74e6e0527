#include "app/descriptors.hpp"

#include <doctest/doctest.h>

using weir::app::connections_per_worker;

TEST_SUITE("app/descriptors") {
    TEST_CASE("a client costs two descriptors, and some are kept back") {
        CHECK(connections_per_worker(1024, 24, 10, 1) == (1024 - 24 - 42) / 2);
        CHECK(connections_per_worker(1024, 24, 10, 4) == (1024 - 24 - 42) / 2 / 4);
    }
    TEST_CASE("a small limit keeps a quarter back, and serves somebody") {
        CHECK(connections_per_worker(64, 20, 1000, 1) == (64 - 20 - 16) / 2);
        CHECK(connections_per_worker(16, 20, 0, 2) == 1);
    }
    TEST_CASE("no limit is no overflow") {
        CHECK(connections_per_worker(~std::uint64_t{0}, 20, 10, 1) == 0xFFFFFFFF);
        CHECK(connections_per_worker(1024, 24, 10, 0) == (1024 - 24 - 42) / 2);
    }
    TEST_CASE("what is open is counted") {
        CHECK(weir::app::raise_descriptor_limit() >= 64);
        CHECK(weir::app::open_descriptors() >= 3);
    }
}
