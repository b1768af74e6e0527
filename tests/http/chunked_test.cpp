#include "http/chunked.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::http::chunk_decoder;

namespace {

/// Decodes `text` in portions of `step` bytes; the error text in brackets when there is one.
std::string decode(const std::string& text, std::size_t step, bool& done) {
    chunk_decoder decoder;
    std::string out;
    done = false;
    for (std::size_t at = 0; at < text.size() && !done; at += step) {
        auto part = text.substr(at, step);
        const auto p = decoder.decode(part.data(), part.size());
        out += part.substr(0, p.body);
        if (p.error != nullptr) return "[" + std::string(p.error) + "]";
        done = p.done;
    }
    return out;
}

}  // namespace

TEST_SUITE("http/chunked") {
    TEST_CASE("the body comes out whole at every split") {
        const std::string text = "5;ext=\"a\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n";
        for (std::size_t step = 1; step <= text.size(); ++step) {
            bool done = false;
            CHECK(decode(text, step, done) == "hello0123456789");
            CHECK(done);
        }
    }
    TEST_CASE("trailer fields come out as lines at every split") {
        const std::string text = "1\r\na\r\n0\r\nX: y\r\nz-1:\tq \r\n\r\nNEXT";
        for (std::size_t step = 1; step <= text.size(); ++step) {
            chunk_decoder decoder;
            std::string trailers;
            bool done = false;
            for (std::size_t at = 0; at < text.size() && !done; at += step) {
                auto part = text.substr(at, step);
                done = decoder.decode(part.data(), part.size(), &trailers).done;
            }
            CHECK(trailers == "X: y\r\nz-1:\tq \r\n");
        }
    }
    TEST_CASE("bytes behind the end are left alone") {
        chunk_decoder decoder;
        std::string text = "1\r\na\r\n0\r\n\r\nGET /";
        const auto p = decoder.decode(text.data(), text.size());
        CHECK(p.done);
        CHECK(text.substr(p.consumed) == "GET /");
    }
    TEST_CASE("every deviation from the grammar is an error") {
        for (const auto* bad :
             {"0x3\r\nabc\r\n", "+3\r\nabc\r\n", "-3\r\n", "3_0\r\n", " 3\r\nabc\r\n",
              "3 \r\nabc\r\n", "\r\nabc\r\n", "11111111111111111\r\n", "ffffffffffffffff\r\n",
              "3\nabc\r\n", "3\r\nabcXX", "3\r\nabc\n", "3;a\rb\r\nabc\r\n", "3;a\nb\r\nabc\r\n",
              "0\r\n x\r\n\r\n", "0\r\nX\n\r\n", "0\r\n\n"}) {
            CAPTURE(bad);
            bool done = false;
            CHECK(decode(bad, 100, done).front() == '[');
        }
        bool done = false;
        CHECK(decode("3;" + std::string(5000, 'a'), 6000, done).front() == '[');
        CHECK(decode("0\r\nX: " + std::string(9000, 'a'), 10000, done).front() == '[');
    }
}
