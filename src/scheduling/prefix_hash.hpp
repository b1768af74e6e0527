#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Block hashes of prompts: the keys of the prefix index.
namespace weir::scheduling {

/// The hash before a prompt's first block. `model` is the name the model server will see, so the
/// same text on two LoRA adapters shares nothing.
std::uint64_t prefix_root(std::string_view model, std::string_view salt);

/// Appends one hash per block of `block_tokens` pseudo-tokens (four bytes each) to `out`, at most
/// `max_blocks` (0: all); a shorter last block counts as one. Each hash covers everything before it
/// too, so equal hashes mean equal prefixes. Returns the number appended. The shape of the chain is
/// that of the llm-d-router head (`prefixhash`); the values are weir's own (XXH3) and not stable
/// between versions. Any thread; allocates only while `out` grows. `block_tokens` > 0.
std::size_t hash_prompt(std::uint64_t root, std::string_view bytes, std::size_t block_tokens,
                        std::size_t max_blocks, std::vector<std::uint64_t>& out);

/// A number for `hashed_at_once` bytes alone, of the same kind.
std::uint64_t hash_bytes(const char* bytes);
constexpr std::size_t hashed_at_once = 256;

/// Blocks of a prompt: what `hash_prompt` would append.
std::size_t prompt_blocks(std::size_t bytes, std::size_t block_tokens, std::size_t max_blocks);

}  // namespace weir::scheduling
