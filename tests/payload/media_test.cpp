#include "payload/media.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::payload;

namespace {

std::string base64(std::string_view bytes) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group =
                group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (unsigned j = 0; j < 4; ++j) {
            out += i + j > bytes.size() ? '=' : alphabet[group >> (18 - 6 * j) & 63];
        }
    }
    return out;
}

std::string png(std::string_view width, std::string_view height) {
    return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) + std::string(width) +
           std::string(height) + "rest";
}

using namespace std::string_view_literals;

}  // namespace

TEST_SUITE("payload/media") {
    TEST_CASE("an image weighs its pixels over 1024 when its header can be read") {
        const auto exif = "\xFF\xE1\x01\x02"sv;
        const std::string jpeg = "\xFF\xD8" + std::string(exif) + std::string(256, 'e') +
                                 "\xFF\xFF" + std::string("\xC2\0\x11\x08\x04\0\x08\0\x03", 9);
        struct row {
            std::string bytes;
            std::size_t tokens;
        };
        const row rows[] = {
            {png("\0\0\x04\0"sv, "\0\0\x02\0"sv), 512},
            {png("\0\0\0\x01"sv, "\0\0\0\x01"sv), 1},
            {std::string("GIF89a\x40\x01\xF0\0rest", 14), 75},
            {jpeg, 2048},
            {png("\0\0\0\0"sv, "\0\0\0\x01"sv), 225},
            {"\x89PNG\r\n\x1a\n", 225},
            {"\xFF\xD8\xFF\xD9", 225},
            {"\xFF\xD8\xFF\xE1\0\0", 225},
            {"not an image at all", 225},
            {"", 225},
        };
        for (const auto& [bytes, tokens] : rows) {
            CAPTURE(bytes);
            CHECK(image_tokens_base64(base64(bytes)) == tokens);
            CHECK(image_tokens("data:image/x;base64," + base64(bytes)) == tokens);
        }
    }

    TEST_CASE("other addresses weigh as 640 by 360") {
        const auto big = base64(png("\0\0\x04\0"sv, "\0\0\x02\0"sv));
        CHECK(image_tokens("http://example.com/a.png") == 225);
        CHECK(image_tokens("data:text/plain;base64," + big) == 225);
        CHECK(image_tokens("data:image/png," + big) == 225);
        CHECK(image_tokens("") == 225);
    }

    TEST_CASE("sound weighs its bytes over four, never nothing") {
        CHECK(audio_tokens(0) == 1);
        CHECK(audio_tokens(4) == 1);
        CHECK(audio_tokens(5) == 2);
    }

    TEST_CASE("the token is the low half of XXH64 over the joined pieces") {
        // Published test vectors of XXH64 with seed 0: "" ef46db3751d8e999, "abc" 44bc2cf5ad770999.
        CHECK(media_hash({""}) == 0xEF46DB3751D8E999);
        CHECK(media_hash({"abc"}) == 0x44BC2CF5AD770999);
        CHECK(media_hash({"a", "", "bc"}) == 0x44BC2CF5AD770999);
    }

    TEST_CASE("pictures count by their pixels, or always the same") {
        picture_rules rules;
        CHECK(image_tokens("http://x", rules) == 225);  // 640 * 360 / 1024
        rules.pixels_per_token = 100;
        CHECK(image_tokens("http://x", rules) == 2304);
        rules.width = rules.height = 5;
        CHECK(image_tokens("http://x", rules) == 1);
        rules.fixed = true;
        rules.tokens = 7;
        CHECK(image_tokens("http://x", rules) == 7);
    }

    TEST_CASE("videos count by their frames") {
        video_rules rules;
        CHECK(rules.count() == 4500);                     // 10 s * 2 * 225
        CHECK(rules.count({.seconds = 3.3}) == 6 * 225);  // 6.6 frames are 6
        CHECK(rules.count({.frames_per_second = 60}) ==
              4500);  // sampled: the source does not matter
        CHECK(rules.count({.width = 1024, .height = 1024}) == 20 * 1024);
        rules.temporal_patch = 3;
        CHECK(rules.count() == 6 * 225);
        rules.most_frames = 8;
        CHECK(rules.count() == 2 * 225);  // bounds first, then 8 / 3
        rules.most_tokens = 100;
        CHECK(rules.count() == 100);

        video_rules strided;
        strided.strided = true;
        CHECK(strided.count() == 240 * 225);
        strided.stride = 7;
        CHECK(strided.count() == 34 * 225);  // 240 / 7
        CHECK(strided.count({.frames_per_second = 1}) == 225);
        strided.least_frames = 50;
        CHECK(strided.count() == 50 * 225);
        strided.frame.fixed = true;
        strided.frame.tokens = 2;
        CHECK(strided.count() == 100);
    }

    TEST_CASE("resolutions are two positive numbers") {
        CHECK(parse_resolution("1920x1080") == std::pair<std::int64_t, std::int64_t>(1920, 1080));
        for (const auto* bad : {"", "x", "1920", "0x5", "-1x5", "5x5x5", "ax5"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse_resolution(bad));
        }
    }
}
