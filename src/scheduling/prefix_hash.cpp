#include "scheduling/prefix_hash.hpp"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir::scheduling {
namespace {

constexpr std::size_t token_bytes = 4;

// XXH3 is at its best up to 128 bytes a call; two such halves are hashed independently of the chain
// and of each other, and only one multiplication a step waits for the step before it.
constexpr std::size_t half = 128;
constexpr std::size_t step = 2 * half;
static_assert(step == hashed_at_once);
constexpr std::uint64_t second_half_seed = 0x9e3779b97f4a7c15ULL;
constexpr std::uint64_t chain_secret = 0xbf58476d1ce4e5b9ULL;

__extension__ using wide = unsigned __int128;

std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t chain(std::uint64_t before, std::uint64_t first, std::uint64_t second) {
    return fold_multiply(before ^ first, chain_secret ^ second);
}

std::uint64_t hash_step(std::uint64_t before, const char* data) {
    return chain(before, XXH3_64bits(data, half),
                 XXH3_64bits_withSeed(data + half, half, second_half_seed));
}

std::uint64_t hash_short_step(std::uint64_t before, const char* data, std::size_t size) {
    const auto first = std::min(size, half);
    return chain(before, XXH3_64bits(data, first),
                 XXH3_64bits_withSeed(data + first, size - first, second_half_seed));
}

}  // namespace

std::uint64_t prefix_root(std::string_view model, std::string_view salt) {
    return XXH3_64bits_withSeed(salt.data(), salt.size(), XXH3_64bits(model.data(), model.size()));
}

std::uint64_t hash_bytes(const char* bytes) { return hash_step(0, bytes); }

std::size_t prompt_blocks(std::size_t bytes, std::size_t block_tokens, std::size_t max_blocks) {
    const auto block = block_tokens * token_bytes;
    const auto blocks = bytes / block + (bytes % block != 0 ? 1 : 0);
    return max_blocks == 0 ? blocks : std::min(blocks, max_blocks);
}

std::size_t hash_prompt(std::uint64_t root, std::string_view bytes, std::size_t block_tokens,
                        std::size_t max_blocks, std::vector<std::uint64_t>& out) {
    const auto block = block_tokens * token_bytes;
    const auto blocks = prompt_blocks(bytes.size(), block_tokens, max_blocks);
    const auto first = out.size();
    out.resize(first + blocks);
    auto hash = root;
    const char* data = bytes.data();
    const char* const end = data + bytes.size();
    for (std::size_t i = 0; i < blocks; ++i) {
        const char* const block_end = data + std::min(block, static_cast<std::size_t>(end - data));
        for (; static_cast<std::size_t>(block_end - data) >= step; data += step) {
            hash = hash_step(hash, data);
        }
        if (data != block_end) {
            hash = hash_short_step(hash, data, static_cast<std::size_t>(block_end - data));
            data = block_end;
        }
        out[first + i] = hash;
    }
    return blocks;
}

}  // namespace weir::scheduling
