#include "http/head_writer.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("http/head_writer") {
    TEST_CASE("a head is whole and has its length, however much was expected of it") {
        for (const std::size_t expected : {0U, 1U, 40U, 4096U}) {
            std::string text = "before;";
            {
                weir::http::head_writer head(text, expected);
                head.text("HTTP/1.1 ").number(200).text(" OK\r\n").field("content-length", "");
                head.text("").field("a", std::string(100, 'b')).number(0);
            }
            CHECK(text == "before;HTTP/1.1 200 OK\r\ncontent-length: \r\na: " +
                              std::string(100, 'b') + "\r\n0");
        }
    }
}
