#include "config/codes.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::config;

TEST_SUITE("config/codes") {
    TEST_CASE("a code is found however a person types it") {
        for (const auto* typed : {"WEIR0205", "weir0205", "0205", "205", " WEIR0205 "}) {
            REQUIRE(find_code(typed) != nullptr);
            CHECK(find_code(typed)->code == "WEIR0205");
        }
        for (const auto* typed : {"", "WEIR", "WEIR9999", "02050", "port"})
            CHECK(find_code(typed) == nullptr);
    }

    TEST_CASE("codes are unique, in order and explained") {
        std::string before;
        for (const auto& c : all_codes()) {
            CHECK(std::string(c.code) > before);
            CHECK(c.code.size() == 8);
            CHECK_FALSE(c.title.empty());
            CHECK(c.text.size() > 40);
            before = c.code;
        }
    }
}
