#include "scheduling/prefix_hash.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace weir::scheduling;

namespace {

std::vector<std::uint64_t> chain(std::string_view bytes, std::size_t block_tokens = 64,
                                 std::size_t max_blocks = 0, std::string_view model = "m",
                                 std::string_view salt = "") {
    std::vector<std::uint64_t> out;
    hash_prompt(prefix_root(model, salt), bytes, block_tokens, max_blocks, out);
    return out;
}

std::string text(std::size_t n) {
    std::string s;
    for (std::size_t i = 0; i < n; ++i) s += static_cast<char>('a' + (i * 31 + i / 7) % 26);
    return s;
}

}  // namespace

TEST_SUITE("scheduling/prefix_hash") {
    TEST_CASE("a prompt has a hash for each block, the last partial one included") {
        CHECK(chain("").empty());
        CHECK(chain("x").size() == 1);
        CHECK(chain(text(256)).size() == 1);
        CHECK(chain(text(257)).size() == 2);
        CHECK(chain(text(220 * 1024)).size() == 880);
        CHECK(chain(text(4096), 512).size() == 2);
        CHECK(prompt_blocks(257, 64, 0) == 2);
        CHECK(prompt_blocks(257, 64, 1) == 1);
        CHECK(prompt_blocks(0, 64, 5) == 0);
    }

    TEST_CASE("no more blocks than the limit are hashed, and the rest does not matter") {
        const auto all = chain(text(2560));
        const auto some = chain(text(2560), 64, 3);
        REQUIRE(all.size() == 10);
        CHECK(some == std::vector(all.begin(), all.begin() + 3));
    }

    TEST_CASE("equal prefixes have equal hashes and nothing is equal behind a difference") {
        const auto base = text(256 * 8 + 100);
        const auto reference = chain(base);
        for (const std::size_t at : {0UL, 127UL, 128UL, 255UL, 256UL, 1000UL, 2047UL, 2147UL}) {
            auto other = base;
            other[at] = '!';
            const auto hashes = chain(other);
            REQUIRE(hashes.size() == reference.size());
            for (std::size_t i = 0; i < hashes.size(); ++i) {
                CAPTURE(at);
                CAPTURE(i);
                CHECK((hashes[i] == reference[i]) == (i < at / 256));
            }
        }
    }

    TEST_CASE("a partial block is not the whole block that grows out of it") {
        const auto base = text(1024);
        const auto whole = chain(base);
        for (const std::size_t cut : {769UL, 800UL, 896UL, 897UL, 1023UL}) {
            const auto partial = chain(base.substr(0, cut));
            CHECK(partial[2] == whole[2]);
            CHECK(partial[3] != whole[3]);
        }
    }

    TEST_CASE("model and salt separate chains, and so does where one ends and the other begins") {
        const auto t = text(300);
        const std::set<std::uint64_t> first{
            chain(t, 64, 0, "m", "")[0],  chain(t, 64, 0, "n", "")[0],
            chain(t, 64, 0, "m", "s")[0], chain(t, 64, 0, "ms", "")[0],
            chain(t, 64, 0, "", "ms")[0], chain(t, 64, 0, "", "")[0],
        };
        CHECK(first.size() == 6);
    }

    TEST_CASE("block sizes between the steps of the hash are exact") {
        const auto base = text(5000);
        for (const std::size_t tokens : {65UL, 96UL, 100UL, 127UL, 129UL, 300UL}) {
            const auto reference = chain(base, tokens);
            CHECK(reference.size() == (5000 + tokens * 4 - 1) / (tokens * 4));
            auto other = base;
            const auto at = tokens * 4;  // the first byte of the second block
            other[at] = '!';
            CHECK(chain(other, tokens)[0] == reference[0]);
            CHECK(chain(other, tokens)[1] != reference[1]);
            other = base;
            other[at - 1] = '!';
            CHECK(chain(other, tokens)[0] != reference[0]);
        }
    }

    TEST_CASE("hashes are appended, so several prompts share one list") {
        std::vector<std::uint64_t> out;
        const auto root = prefix_root("m", "");
        CHECK(hash_prompt(root, text(600), 64, 0, out) == 3);
        CHECK(hash_prompt(root, text(300), 64, 0, out) == 2);
        REQUIRE(out.size() == 5);
        CHECK(out[0] == out[3]);
        CHECK(out[1] != out[4]);
    }
}
