#include "http/head_scan.hpp"

#include <doctest/doctest.h>

#include <string>

#include "http/head.hpp"

using namespace weir::http;
using kind = head_scan::kind;

TEST_SUITE("http/head_scan") {
    TEST_CASE("the end is found wherever the reads end") {
        const std::string head = "GET / HTTP/1.1\r\nHost: some.host.example\r\nX:\ta\r\n\r\n";
        for (std::size_t cut = 0; cut < head.size(); ++cut) {
            std::size_t scanned = 0;
            CHECK(scan_head({head.data(), cut}, scanned).what == kind::incomplete);
            CHECK(scanned <= cut);
            const auto rest = scan_head(head + "body", scanned);
            CHECK(rest.what == kind::complete);
            CHECK(rest.end == head.size());
        }
    }
    TEST_CASE("every control byte is found at every place") {
        const std::string head = "GET / HTTP/1.1\r\nHost: abcdefghijklmnop\r\n\r\n";
        for (int code = 0; code < 256; ++code) {
            const bool bad = (code < 0x20 && code != '\t') || code == 0x7F;
            for (std::size_t at = 6; at < 38; ++at) {
                if (head[at] == '\r' || head[at] == '\n') continue;
                auto text = head;
                text[at] = static_cast<char>(code);
                std::size_t scanned = 0;
                const auto scan = scan_head(text, scanned);
                CHECK((scan.what == kind::bad_byte) == bad);
                if (bad) CHECK(scan.end == at);
            }
        }
    }
    TEST_CASE("a field name may hold every byte of a token at every place, and no other") {
        const std::string others = "!#$%&'*+-.^_`|~";
        for (std::size_t size = 1; size <= 34; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                for (int c = 0x20; c < 256; ++c) {  // scan_head lets no other through
                    const auto byte = static_cast<char>(c);
                    const bool token = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                                       (c >= 'a' && c <= 'z') ||
                                       others.find(byte) != std::string::npos;
                    if (byte == ':') continue;  // the end of a shorter name
                    std::string name(size, 'n');
                    name[at] = byte;
                    field_list fields;
                    bool too_many = false;
                    const auto lines = name + ": v\r\n\r\n";
                    const auto* fault = split_field_lines(lines, 3, too_many, fields);
                    if ((fault == nullptr) != token) FAIL(size << " bytes, " << c << " at " << at);
                    if (token && fields.begin()->name != name) FAIL(name << " is cut");
                }
            }
        }
    }
    TEST_CASE("field lines are split, or their fault is named") {
        const struct {
            const char* lines;
            const char* fault;
        } rows[] = {
            {"A: b\r\nc:\r\nD:  e \r\n\r\n", nullptr},
            {"\r\n", nullptr},
            {"A: b\r\n c\r\n\r\n", "folded field line"},
            {": b\r\n\r\n", "empty field name"},
            {"A : b\r\n\r\n", "white space before the colon of a field"},
            {"Abc\r\n\r\n", "field line without a colon"},
            {"A\xe9: b\r\n\r\n", "bad byte in a field name"},
            {"A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", "too many fields"},
        };
        for (const auto& row : rows) {
            field_list fields;
            bool too_many = false;
            const auto* fault = split_field_lines(row.lines, 3, too_many, fields);
            CHECK((fault == nullptr) == (row.fault == nullptr));
            if (fault != nullptr) CHECK(std::string(fault) == row.fault);
        }
        field_list fields;
        bool too_many = false;
        split_field_lines(rows[0].lines, 3, too_many, fields);
        CHECK(fields.size() == 3);
        CHECK(fields.get("d") == "e");
        CHECK(fields.has("C"));
        CHECK_FALSE(fields.has("e"));
        CHECK(fields.first("e") == nullptr);
        fields.add("a", "again");
        CHECK(fields.get("A") == "b");
        CHECK(fields.last("A")->value == "again");
        CHECK(fields.joined("a") == "b, again");
    }
}
