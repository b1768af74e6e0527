#include "payload/json_text.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace weir::payload;

namespace {

std::optional<std::string> text(std::string_view raw) {
    std::string out(raw.size(), '\0');
    const auto done = unescape(raw, out.data());
    if (done.end == nullptr) return std::nullopt;
    out.resize(static_cast<std::size_t>(done.end - out.data()));
    return out;
}

}  // namespace

TEST_SUITE("payload/json_text") {
    TEST_CASE("an escape is undone wherever it falls in a long text") {
        for (std::size_t before = 0; before < 140; ++before) {
            for (const std::size_t behind : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 65U}) {
                const std::string head(before, 'a');
                const std::string tail(behind, 'b');
                CHECK(text(head + "\\n" + tail) == head + "\n" + tail);
                CHECK(text(head + "\\ud83d\\ude00" + tail) == head + "\xF0\x9F\x98\x80" + tail);
            }
        }
    }

    TEST_CASE("an escape is seen wherever it stands") {
        for (std::size_t size = 0; size < 40; ++size) {
            const std::string plain(size, '[');
            CHECK_FALSE(has_escape(plain));
            for (std::size_t at = 0; at < size; ++at) {
                auto raw = plain;
                raw[at] = '\\';
                CAPTURE(raw);
                CHECK(has_escape(raw));
            }
        }
    }

    TEST_CASE("escapes that JSON does not know are found where they start") {
        char out[64];
        CHECK(unescape("ab\\x", out).end == nullptr);
        CHECK(unescape("ab\\x", out).bad == 2);
        for (const char* raw : {"\\", "\\u", "\\u12", "\\u12g4", "\\U0041", "\\'", "\\0"}) {
            CAPTURE(raw);
            CHECK_FALSE(text(raw));
        }
    }

    TEST_CASE("half a surrogate pair becomes the replacement character and is reported") {
        CHECK(text("\\ud800") == "\xEF\xBF\xBD");
        CHECK(text("\\udc00x") == "\xEF\xBF\xBDx");
        CHECK(text("\\ud800\\ud800\\udc00") == "\xEF\xBF\xBD\xF0\x90\x80\x80");
        CHECK(text("\\ud800\\n") == "\xEF\xBF\xBD\n");
        char out[64];
        const auto done = unescape("ab\\ud800", out);
        CHECK(done.lone_surrogate);
        CHECK(done.bad == 2);
    }

    TEST_CASE("the first byte that is no UTF-8 is named") {
        CHECK(first_invalid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80") == 10);
        for (const char* bad :
             {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
              "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98"}) {
            CAPTURE(bad);
            CHECK(first_invalid_utf8("ok" + std::string(bad)) == 2);
        }
    }

    TEST_CASE("numbers follow the grammar") {
        for (const char* good : {"0", "-0", "10", "1.5", "1e9", "1E+9", "-1.25e-7"}) {
            CAPTURE(good);
            CHECK(is_json_number(good));
        }
        for (const char* bad :
             {"", "-", "01", "+1", ".5", "1.", "1e", "1e+", "0x1", "1 ", "NaN", "--1", "1.e1"}) {
            CAPTURE(bad);
            CHECK_FALSE(is_json_number(bad));
        }
    }
}
