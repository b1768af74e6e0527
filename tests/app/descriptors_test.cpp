#include "app/descriptors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

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
    TEST_CASE("the table is wide from the start, and nothing of that stays open") {
        const auto open = weir::app::open_descriptors();
        weir::app::widen_descriptor_table();
        CHECK(weir::app::open_descriptors() == open);
        std::ifstream status("/proc/self/status");
        std::uint64_t size = 0;
        for (std::string word; size == 0 && status >> word;) {
            if (word == "FDSize:") status >> size;
        }
        CHECK(size >= std::min<std::uint64_t>(weir::app::raise_descriptor_limit(), 65536));
    }
    TEST_CASE("what is open is counted") {
        CHECK(weir::app::raise_descriptor_limit() >= 64);
        CHECK(weir::app::open_descriptors() >= 3);
    }
}
