#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

/// Bytes that make one token. Prompts are cut into tokens of this size, and the text a simulated
/// model writes comes in pieces of it, so that an answer sent back in the next turn finds its own
/// KV blocks again.
inline constexpr std::size_t token_bytes = 4;

/// Tokens of `bytes` bytes; the last one may be short. Never 0, as engines put a start token in
/// front.
std::size_t count_tokens(std::size_t bytes);

/// The ids of `text`'s tokens: their bytes, the first one lowest.
std::vector<std::uint32_t> token_ids(std::string_view text);
/// The text of one.
void append_token(std::string& out, std::uint32_t id);

/// What the model writes: English prose, entered at a place that depends on a seed and goes round.
/// Plain ASCII that needs no JSON escaping.
class generated_text {
  public:
    explicit generated_text(std::uint64_t seed);

    /// The piece of output token `index`, `token_bytes` long; lives forever.
    std::string_view token(std::size_t index) const;
    /// Tokens [begin, end) in one string.
    std::string tokens(std::size_t begin, std::size_t end) const;

  private:
    std::size_t start_;
};

std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0);

/// Chained hashes of the full blocks of `prompt` followed by `output_tokens` of `text`. `root` sets
/// apart what must not be shared (adapter, salt).
std::vector<std::uint64_t> hash_blocks(std::string_view prompt, const generated_text& text,
                                       std::size_t output_tokens, std::size_t block_size,
                                       std::uint64_t root);

}  // namespace weir::sim
