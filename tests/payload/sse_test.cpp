#include "payload/sse.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::payload;

TEST_SUITE("payload/sse") {
    TEST_CASE("an event ends behind a blank line, however lines end and reads are cut") {
        struct row {
            std::string bytes;
            bool boundary;
        };
        const row rows[] = {
            {"", true},
            {"\n", true},
            {"\r\n", true},
            {"data: x", false},
            {"data: x\n", false},
            {"data: x\r\n", false},
            {"data: x\r", false},
            {"data: x\n\n", true},
            {"data: x\r\n\r\n", true},
            {"data: x\r\r", true},
            {"data: x\n\r\n", true},
            {"data: x\r\n\n", true},
            {"data: x\r\n\r", true},
            {"data: x\n\r", true},
            {"data: x\r\r\n", true},
            {": ping\n\n\n", true},
            {"a\n\nb", false},
            {"a\n\nb\n", false},
        };
        for (const auto& [bytes, boundary] : rows) {
            CAPTURE(bytes);
            sse_boundary whole;
            whole.feed(bytes);
            CHECK(whole.at_boundary() == boundary);
            sse_boundary pieces;
            for (const char c : bytes) {
                pieces.feed({});
                pieces.feed({&c, 1});
            }
            CHECK(pieces.at_boundary() == boundary);
            CHECK(ends_event(bytes) == boundary);
        }
    }

    TEST_CASE("first and last event ends are found from anywhere") {
        const std::string_view text = "a\n\nb\r\n\r\nc\r\rd";
        CHECK(first_event_end(text, 0) == 3);
        CHECK(first_event_end(text, 3) == 3);
        CHECK(first_event_end(text, 4) == 8);
        CHECK(first_event_end(text, 9) == 11);
        CHECK(first_event_end(text, 12) == std::string_view::npos);
        CHECK(last_event_end(text, 0) == 11);
        CHECK(last_event_end(text.substr(0, 10), 0) == 8);
        CHECK(last_event_end(text.substr(0, 10), 9) == std::string_view::npos);
    }

    TEST_CASE("lines are cut at any line end") {
        std::string_view rest =
            "one\ntwo\r\nthree\rfour, which is longer than sixteen bytes\n\nlast";
        for (const char* line :
             {"one", "two", "three", "four, which is longer than sixteen bytes", "", "last"}) {
            CHECK(next_line(rest) == line);
        }
        CHECK(rest.empty());
    }

    TEST_CASE("a field loses its name, its colon and one space") {
        CHECK(field_value("data: x", "data") == "x");
        CHECK(field_value("data:x", "data") == "x");
        CHECK(field_value("data:  x", "data") == " x");
        CHECK(field_value("data:", "data").data() != nullptr);
        CHECK(field_value("data", "data").data() == nullptr);
        CHECK(field_value("database: x", "data").data() == nullptr);
    }
}
