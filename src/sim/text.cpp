#include "sim/text.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>

#include "weir/random.hpp"

namespace weir::sim {
namespace {

constexpr std::string_view prose =
    "A weir is a low dam that regulates a river. Water runs over its crest when there is plenty, "
    "and stands "
    "behind it when there is little, so that the mill below always has its share. The keeper "
    "watches the level, "
    "lifts a board here and drops another there, and nobody downstream notices how uneven the rain "
    "has been. "
    "Good keepers know every channel by its sound. They send the flood where the bed is deep, "
    "spare the arm that "
    "is under repair, and let the trout pass by the ladder. A stream that has carved its way once "
    "will find the "
    "same way again, and it is wise to let it. When two boats arrive together, the loaded one goes "
    "first and the "
    "empty one waits. When the gates are full, the keeper says so early, because a boat that turns "
    "back at the "
    "bend loses less than one that sinks in the lock. None of this is hard to understand, but all "
    "of it has to "
    "be done at every hour, in every weather, and without losing a drop. That is the whole art of "
    "the weir. ";

// Whole tokens only, and the front once more behind the end, so that a piece that begins anywhere
// is contiguous.
constexpr std::size_t round = prose.size() / token_bytes * token_bytes;

constexpr auto make_corpus() {
    std::array<char, round + token_bytes> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = prose[i % round];
    return out;
}

constexpr auto corpus = make_corpus();

// The first sentence that begins behind a place drawn by `seed`.
std::size_t sentence_start(std::uint64_t seed) {
    random_source random(seed);
    const auto stop = prose.find(". ", random.below(round));
    return stop == std::string_view::npos || stop + 2 >= round ? 0 : stop + 2;
}

}  // namespace

std::size_t count_tokens(std::size_t bytes) {
    return std::max<std::size_t>((bytes + token_bytes - 1) / token_bytes, 1);
}

std::vector<std::uint32_t> token_ids(std::string_view text) {
    std::vector<std::uint32_t> out;
    for (std::size_t at = 0; at < text.size(); at += token_bytes) {
        std::uint32_t id = 0;
        unsigned shift = 0;
        for (const char c : text.substr(at, token_bytes)) {
            id |= std::uint32_t{static_cast<unsigned char>(c)} << shift;
            shift += 8;
        }
        out.push_back(id);
    }
    return out;
}

void append_token(std::string& out, std::uint32_t id) {
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((id >> shift) & 0xFF);
}

generated_text::generated_text(std::uint64_t seed) : start_(sentence_start(seed)) {}

std::string_view generated_text::token(std::size_t index) const {
    return {corpus.data() + (start_ + index * token_bytes) % round, token_bytes};
}

std::string generated_text::tokens(std::size_t begin, std::size_t end) const {
    std::string out;
    out.reserve((end - begin) * token_bytes);
    auto at = (start_ + begin * token_bytes) % round;
    for (auto left = (end - begin) * token_bytes; left > 0;) {
        const auto n = std::min(left, round - at);
        out.append(corpus.data() + at, n);
        left -= n;
        at = 0;
    }
    return out;
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
    return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::vector<std::uint64_t> hash_blocks(std::string_view prompt, const generated_text& text,
                                       std::size_t output_tokens, std::size_t block_size,
                                       std::uint64_t root) {
    const auto block = block_size * token_bytes;
    const auto in_prompt = prompt.size() / block;
    const auto tail = prompt.substr(in_prompt * block);
    const auto in_output = (tail.size() + output_tokens * token_bytes) / block;
    std::vector<std::uint64_t> hashes;
    hashes.reserve(in_prompt + in_output);
    auto chain = root;
    for (std::size_t i = 0; i < in_prompt; ++i) {
        hashes.push_back(chain = hash_text(prompt.substr(i * block, block), chain));
    }
    if (in_output == 0) return hashes;
    const auto rest = std::string(tail) + text.tokens(0, output_tokens);
    for (std::size_t i = 0; i < in_output; ++i) {
        hashes.push_back(chain = hash_text(std::string_view(rest).substr(i * block, block), chain));
    }
    return hashes;
}

}  // namespace weir::sim
