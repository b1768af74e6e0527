#include "base/utf8.hpp"

#include <doctest/doctest.h>

using weir::valid_utf8;

TEST_SUITE("base/utf8") {
    TEST_CASE("what is no UTF-8 is replaced, and a cut never splits a character") {
        CHECK(valid_utf8("", 10) == "");
        CHECK(valid_utf8("plain", 10) == "plain");
        CHECK(valid_utf8("plain", 3) == "pla");
        CHECK(valid_utf8("a\xFF"
                         "b",
                         10) ==
              "a\xEF\xBF\xBD"
              "b");
        CHECK(valid_utf8("\xC3\xA9\xC3\xA9", 3) == "\xC3\xA9");
        CHECK(valid_utf8("\xF0\x9F\x98\x80", 3) == "");
        CHECK(valid_utf8("\xED\xA0\x80", 9) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    }
}
