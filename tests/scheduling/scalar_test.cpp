#include "scheduling/scalar.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::scheduling;

namespace {

config::node scalar(const char* text, bool quoted = false) {
    config::node n;
    n.kind = config::node_kind::scalar;
    n.scalar = text;
    n.quoted = quoted;
    return n;
}

}  // namespace

TEST_SUITE("scheduling/scalar") {
    TEST_CASE("numbers as YAML writes them, whole ones also with a point") {
        struct row {
            const char* text;
            std::optional<std::int64_t> whole;
            std::optional<double> number;
        };
        for (const auto& [text, whole, number] : {
                 row{"7", 7, 7},
                 row{"-7", -7, -7},
                 row{"0x1F", 31, 31},
                 row{"0o17", 15, 15},
                 row{"2.0", 2, 2},
                 row{"2.5", {}, 2.5},
                 row{"1e3", 1000, 1000},
                 row{"seven", {}, {}},
                 row{"7s", {}, {}},
                 row{"", {}, {}},
             }) {
            CAPTURE(text);
            CHECK(as_integer(scalar(text)) == whole);
            CHECK(as_number(scalar(text)) == number);
        }
        CHECK_FALSE(as_integer(scalar("7", true)));
    }

    TEST_CASE("booleans, nothing and texts") {
        CHECK(as_boolean(scalar("true")) == true);
        CHECK(as_boolean(scalar("False")) == false);
        CHECK_FALSE(as_boolean(scalar("true", true)));
        CHECK_FALSE(as_boolean(scalar("1")));
        CHECK(kind_of(scalar("null")) == scalar_kind::null);
        CHECK(kind_of(scalar("~")) == scalar_kind::null);
        CHECK(kind_of(scalar("")) == scalar_kind::null);
        CHECK(kind_of(scalar("", true)) == scalar_kind::text);
        CHECK(as_text(scalar("abc")) == std::string_view("abc"));
        CHECK(as_text(scalar("7", true)) == std::string_view("7"));
        CHECK_FALSE(as_text(scalar("7")));
        CHECK_FALSE(as_text(scalar("null")));
    }

    TEST_CASE("what is found is said in words") {
        CHECK(describe(scalar("7")) == "a whole number");
        CHECK(describe(scalar("7.5")) == "a number with a fraction");
        CHECK(describe(scalar("x")) == "a string");
        CHECK(describe(scalar("yes")) == "a boolean");
        CHECK(describe(scalar("~")) == "null");
    }
}
