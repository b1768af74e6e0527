#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::payload {

/// How many pseudo-tokens an image, a clip or a video stands for in a prompt, and their value: the
/// endpoint picker's estimate (llm-d-router head, token-producer). Nothing is decoded but an
/// image's size.

/// Tokens of one picture: always the same, or its pixels.
struct picture_rules {
    bool fixed = false;
    std::int64_t tokens = 1;  ///< when fixed
    std::int64_t pixels_per_token = 1024;
    std::int64_t width = 640;  ///< where its size is not known
    std::int64_t height = 360;

    /// At least one.
    std::size_t count(std::int64_t w, std::int64_t h) const;
    std::size_t count() const { return count(width, height); }
};

/// What a client says about its video; 0: nothing.
struct video_hints {
    double seconds = 0;
    double frames_per_second = 0;  ///< counts where frames are strided
    std::int64_t width = 0;
    std::int64_t height = 0;
};

struct video_rules {
    picture_rules frame;
    double seconds = 10;
    bool strided = false;
    double sampled_per_second = 2;
    std::int64_t temporal_patch = 1;  ///< sampled frames that make one
    double source_per_second = 24;    ///< strided: frames the video has
    std::int64_t stride = 1;          ///< and of these every nth
    std::int64_t least_frames = 0;    ///< 0: no bound
    std::int64_t most_frames = 0;
    std::int64_t most_tokens = 0;

    /// At least one.
    std::size_t count(const video_hints& hints = {}) const;
};

struct media_rules {
    picture_rules image;
    video_rules video;
};

/// The rules as one request meets them.
struct media_counts {
    picture_rules image;
    std::size_t video = 4500;  ///< 10 s, 2 frames a second, 225 tokens each
};

/// Pixels of a `data:image/…;base64,` URL whose PNG, GIF or JPEG header can be read, else the size
/// that the rules assume.
std::size_t image_tokens(std::string_view url, const picture_rules& rules = {});

/// The same for bare base64.
std::size_t image_tokens_base64(std::string_view payload, const picture_rules& rules = {});

/// `1920x1080`; nothing when either is no positive number.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_resolution(std::string_view text);

/// One token per four bytes, at least one.
std::size_t audio_tokens(std::size_t bytes);

/// What an asset is known by: XXH64 (seed 0) over the pieces joined. The low half is its token.
std::uint64_t media_hash(std::initializer_list<std::string_view> pieces);

}  // namespace weir::payload
