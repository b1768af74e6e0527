#include "admin/gzip.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::admin;

TEST_SUITE("admin/gzip") {
    TEST_CASE("gzip is taken when it is named with a weight, or all are and it is not refused") {
        for (const auto* field : {"gzip", "GZIP", "x-gzip", "*", "deflate, gzip;q=0.5", "gzip; q=1",
                                  "*;q=0, gzip", "br , gzip"}) {
            CAPTURE(field);
            CHECK(takes_gzip(field));
        }
        for (const auto* field : {"", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0",
                                  "*, gzip;q=0", "gzip;q=0, *", "gzipped", "deflate"}) {
            CAPTURE(field);
            CHECK_FALSE(takes_gzip(field));
        }
    }

    TEST_CASE("a text that comes in pieces is packed as one stream") {
        std::string text;
        gzip_packer packer;
        for (int i = 0; i < 3000; ++i) {
            const auto piece = "line " + std::to_string(i * 7919) + "\n" +
                               std::string(static_cast<std::size_t>(i) % 90, 'x');
            packer.add(piece);
            text += piece;
        }
        packer.add({});
        const auto packed = packer.finish();
        CHECK(packed.starts_with("\x1f\x8b"));
        CHECK(packed.size() < text.size() / 2);
        CHECK(unpacked(packed) == text);
        CHECK(unpacked(gzip_packer().finish()).empty());
    }
}
