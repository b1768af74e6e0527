#include <doctest/doctest.h>

#include "config/codes.hpp"

using namespace weir::config;

TEST_SUITE("config/code_examples") {
    TEST_CASE("every code has an example of its own") {
        for (const auto& c : all_codes()) {
            const auto example = example_of(c.code);
            CHECK_MESSAGE(!example.wrong.empty(), c.code);
            CHECK_MESSAGE(example.right != example.wrong, c.code);
        }
        CHECK(example_of("WEIR9999").wrong.empty());
    }
}
