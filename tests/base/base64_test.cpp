#include "base/base64.hpp"

#include <doctest/doctest.h>

using weir::encode_base64;

TEST_SUITE("base/base64") {
    TEST_CASE("the vectors of RFC 4648, section 10") {
        CHECK(encode_base64("").empty());
        CHECK(encode_base64("f") == "Zg==");
        CHECK(encode_base64("fo") == "Zm8=");
        CHECK(encode_base64("foo") == "Zm9v");
        CHECK(encode_base64("foob") == "Zm9vYg==");
        CHECK(encode_base64("fooba") == "Zm9vYmE=");
        CHECK(encode_base64("foobar") == "Zm9vYmFy");
    }
    TEST_CASE("bytes above 127, and the last two letters of the alphabet") {
        CHECK(encode_base64("\xfb\xff\xbf") == "+/+/");
        CHECK(encode_base64(std::string_view("\0\0\0", 3)) == "AAAA");
    }
}
