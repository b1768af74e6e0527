#include "datalayer/gunzip.hpp"

#include <doctest/doctest.h>

#include <string>

#include "packing.hpp"

using namespace weir::datalayer;

namespace {

bool append(void* to, std::string_view bytes) {
    static_cast<std::string*>(to)->append(bytes);
    return true;
}

}  // namespace

TEST_SUITE("datalayer/gunzip") {
    TEST_CASE("a stream comes back whole, in pieces of any size, gzip or zlib") {
        std::string text;
        for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i) + "\n";
        gunzip g;
        for (const int window : {MAX_WBITS + 16, MAX_WBITS}) {
            const auto packed = pack(text, window);
            for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, packed.size()}) {
                std::string out;
                g.start();
                for (std::size_t at = 0; at < packed.size(); at += piece) {
                    const auto part = std::string_view(packed).substr(at, piece);
                    REQUIRE(g.feed({part.data(), part.size()}, append, &out));
                }
                CHECK(g.ended());
                CHECK(out == text);
            }
        }
    }

    TEST_CASE("a cut stream has no end; a broken one and bytes behind the end are refused") {
        const auto packed = pack("hello hello hello");
        std::string out;
        gunzip g;
        CHECK(g.feed({packed.data(), packed.size() - 3}, append, &out));
        CHECK_FALSE(g.ended());
        g.start();
        CHECK_FALSE(g.feed(std::string("this is no gzip"), append, &out));
        g.start();
        const auto more = packed + "x";
        CHECK_FALSE(g.feed({more.data(), more.size()}, append, &out));
    }

    TEST_CASE("whoever takes the bytes can stop a bomb") {
        const auto packed = pack(std::string(50U << 20U, 'a'));
        struct counter {
            std::size_t bytes = 0;
        } seen;
        gunzip g;
        const auto stop = [](void* to, std::string_view bytes) {
            auto& c = *static_cast<counter*>(to);
            c.bytes += bytes.size();
            return c.bytes < 100000;
        };
        CHECK_FALSE(g.feed({packed.data(), packed.size()}, stop, &seen));
        CHECK(seen.bytes < 200000);
    }
}
