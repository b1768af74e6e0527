#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace weir::payload {

/// How many pseudo-tokens an image, a clip or a video stands for in a prompt, and their value: the
/// defaults of the endpoint picker's estimate (llm-d-router head, token-producer). Nothing is
/// decoded but an image's size.

/// width x height / 1024 of a `data:image/…;base64,` URL whose PNG, GIF or JPEG header can be read,
/// else 225 (640 x 360).
std::size_t image_tokens(std::string_view url);

/// The same for bare base64.
std::size_t image_tokens_base64(std::string_view payload);

/// 10 s, 2 frames a second, 225 tokens each.
inline constexpr std::size_t video_tokens = 4500;

/// One token per four bytes, at least one.
std::size_t audio_tokens(std::size_t bytes);

/// What an asset is known by: XXH64 (seed 0) over the pieces joined. The low half is its token.
std::uint64_t media_hash(std::initializer_list<std::string_view> pieces);

}  // namespace weir::payload
