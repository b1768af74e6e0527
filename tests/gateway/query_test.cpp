#include "gateway/query.hpp"

#include <doctest/doctest.h>

using weir::gateway::query_parameter;

TEST_SUITE("gateway/query") {
    TEST_CASE("values are decoded as forms encode them") {
        CHECK(query_parameter("a=b%20c", "a") == "b c");
        CHECK(query_parameter("a=b+c", "a") == "b c");
        CHECK(query_parameter("a=%2B", "a") == "+");
        CHECK(query_parameter("a=%zz%4", "a") == "%zz%4");
        CHECK(query_parameter("%61=1", "a") == "1");
    }
    TEST_CASE("in a path a plus sign is one") {
        CHECK(weir::gateway::decode_path("org%2Fa+b%") == "org/a+b%");
    }
    TEST_CASE("of a repeated parameter the first counts") {
        CHECK(query_parameter("a=1&a=2", "a") == "1");
    }
    TEST_CASE("a parameter may be empty, and names are case-sensitive") {
        CHECK(query_parameter("a&b=2", "a") == "");
        CHECK(query_parameter("a=&b=2", "a") == "");
        CHECK(query_parameter("a=b=c", "a") == "b=c");
        CHECK_FALSE(query_parameter("A=1", "a"));
        CHECK_FALSE(query_parameter("", "a"));
        CHECK_FALSE(query_parameter("ab=1&&ba=2", "a"));
    }
}
