#include "payload/number_field.hpp"

#include <doctest/doctest.h>

using weir::payload::number_field;

TEST_SUITE("payload/number_field") {
    TEST_CASE("a whole number at the top of an object, and nothing else") {
        weir::payload::json_index scratch;
        const auto slots = [&](std::string_view body) {
            return number_field(body, "total_slots", scratch);
        };
        CHECK(slots(R"({"a":{"total_slots":9},"total_slots":4})") == 4);
        CHECK(slots(R"( { "total_slots" : -1 } )") == -1);
        for (const auto* body :
             {R"({"total_slots":"4"})", R"({"total_slots":4.5})", R"({})", R"([4])",
              R"({"total_slots":)", "", "<html>", R"({"a":{"total_slots":9}})"}) {
            CHECK_FALSE(slots(body));
        }
    }
}
