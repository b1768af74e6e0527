#include "sim/text.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace weir::sim;

TEST_SUITE("sim/text") {
    TEST_CASE("four bytes are a token and nothing is less than one") {
        CHECK(count_tokens(0) == 1);
        CHECK(count_tokens(4) == 1);
        CHECK(count_tokens(5) == 2);
    }

    TEST_CASE("pieces join to the same text however they are cut, round the corner too") {
        const generated_text text(3);
        std::string joined;
        for (std::size_t i = 0; i < 1000; ++i) joined += text.token(i);
        CHECK(joined == text.tokens(0, 1000));
        CHECK(text.tokens(990, 1000) == joined.substr(990 * token_bytes));
    }

    TEST_CASE("the text depends on the seed alone and needs no escaping") {
        std::set<std::string> texts;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            const auto text = generated_text(seed).tokens(0, 400);
            CHECK(text == generated_text(seed).tokens(0, 400));
            for (const char c : text) CHECK((c >= ' ' && c <= '~' && c != '"' && c != '\\'));
            texts.insert(text);
        }
        CHECK(texts.size() > 3);
    }

    TEST_CASE("an answer sent back in the next turn hashes to the blocks it was written in") {
        const generated_text text(9);
        const std::string prompt(150, 'p');  // 9 blocks of 16 bytes and a tail of 6
        const auto first = hash_blocks(prompt, text, 20, 4, 1);
        CHECK(first.size() == (150 + 80) / 16);
        const auto next =
            hash_blocks(prompt + text.tokens(0, 20) + " and more", generated_text(4), 8, 4, 1);
        REQUIRE(next.size() >= first.size());
        for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i] == next[i]);
    }

    TEST_CASE("another root shares nothing, a change in front changes all behind") {
        const generated_text text(9);
        const std::string prompt(64, 'p');
        const auto a = hash_blocks(prompt, text, 1, 4, 1);
        const auto b = hash_blocks(prompt, text, 1, 4, 2);
        auto changed = prompt;
        changed[0] = 'q';
        const auto c = hash_blocks(changed, text, 1, 4, 1);
        for (std::size_t i = 0; i < a.size(); ++i) {
            CHECK(a[i] != b[i]);
            CHECK(a[i] != c[i]);
        }
    }
}
