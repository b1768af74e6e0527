#include "config/position.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::config;

namespace {
bool same(const mark& m, unsigned line, unsigned column, unsigned offset) {
    return m.line == line && m.column == column && m.offset == offset;
}
}  // namespace

TEST_SUITE("config/position") {
    TEST_CASE("ASCII places are shifted to where the window starts in its file") {
        const position_map map("a\nbcd\n", 10, 100);
        CHECK(same(map.from_character(3, 1, 1), 11, 2, 103));
        CHECK(same(map.from_byte(3), 11, 2, 103));
        CHECK(same(map.from_byte(1000), 12, 1, 106));
    }

    TEST_CASE("columns count characters and offsets count bytes") {
        const position_map map("ä: ö\nx: ü", 1, 0);
        CHECK(same(map.from_character(3, 0, 3), 1, 4, 4));
        CHECK(same(map.from_character(8, 1, 3), 2, 4, 10));
        CHECK(same(map.from_byte(10), 2, 4, 10));
    }

    TEST_CASE("a long text is found through its checkpoints") {
        std::string text;
        for (int i = 0; i < 1000; ++i) text += "é\n";
        const position_map map(text, 1, 0);
        CHECK(same(map.from_character(1998, 0, 0), 1000, 1, 2997));
        CHECK(same(map.from_character(129, 0, 0), 65, 2, 194));
    }

    TEST_CASE("only LF ends a line, whatever the YAML parser counts") {
        const position_map map(
            "a\xC2\x85"
            "b\xE2\x80\xA8"
            "c",
            1, 0);
        CHECK(same(map.from_character(4, 2, 0), 1, 5, 7));
    }
}
