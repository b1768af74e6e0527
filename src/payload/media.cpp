#include "payload/media.hpp"

// For a hash state on the stack.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.hpp"

namespace weir::payload {
namespace {

// JPEG sizes stand behind metadata segments; beyond this many bytes nobody looks.
constexpr std::size_t search_limit = std::size_t{512} << 10;

constexpr std::array<signed char, 256> digits = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
    }
    return table;
}();

// Single decoded bytes of base64 text, by position.
class base64_bytes {
  public:
    explicit base64_bytes(std::string_view text) : text_(text) {}

    // Byte `i`, or -1 when the text ends before it or is not base64 there.
    int operator[](std::size_t i) const {
        const std::size_t at = i / 3 * 4 + i % 3;
        if (at + 1 >= text_.size()) return -1;
        const int high = digit(at);
        const int low = digit(at + 1);
        if (high < 0 || low < 0) return -1;
        const auto shift = static_cast<int>(i % 3) * 2;
        return ((high << (2 + shift)) | (low >> (4 - shift))) & 0xFF;
    }

    // Two bytes, most significant first, or -1.
    int big16(std::size_t i) const {
        const int a = (*this)[i];
        const int b = (*this)[i + 1];
        return a < 0 || b < 0 ? -1 : a << 8 | b;
    }

    bool starts_with(std::string_view bytes) const {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if ((*this)[i] != static_cast<unsigned char>(bytes[i])) return false;
        }
        return true;
    }

  private:
    int digit(std::size_t i) const { return digits[static_cast<unsigned char>(text_[i])]; }

    std::string_view text_;
};

struct dimensions {
    std::uint64_t width = 0;
    std::uint64_t height = 0;
};

std::optional<dimensions> from(std::int64_t width, std::int64_t height) {
    if (width <= 0 || height <= 0) return std::nullopt;
    return dimensions{static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height)};
}

// IHDR is the first chunk (PNG, third edition, 11.2.1).
std::optional<dimensions> png_size(const base64_bytes& bytes) {
    const auto big32 = [&](std::size_t i) -> std::int64_t {
        const int high = bytes.big16(i);
        const int low = bytes.big16(i + 2);
        return high < 0 || low < 0 ? -1 : std::int64_t{high} << 16 | low;
    };
    return from(big32(16), big32(20));
}

std::optional<dimensions> gif_size(const base64_bytes& bytes) {
    const auto little16 = [&](std::size_t i) -> int {
        const int low = bytes[i];
        const int high = bytes[i + 1];
        return high < 0 || low < 0 ? -1 : high << 8 | low;
    };
    return from(little16(6), little16(8));
}

// Walks the segments to the frame header (ITU T.81, B.1.1 and B.2.2).
std::optional<dimensions> jpeg_size(const base64_bytes& bytes) {
    std::size_t at = 2;
    while (at < search_limit) {
        if (bytes[at] != 0xFF) return std::nullopt;
        const int marker = bytes[at + 1];
        if (marker == 0xFF) {
            ++at;  // fill byte
            continue;
        }
        if (marker <= 0 || marker == 0xD9 || marker == 0xDA) return std::nullopt;
        if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) {
            at += 2;
            continue;
        }
        const int length = bytes.big16(at + 2);
        if (length < 2) return std::nullopt;
        const bool frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame) return from(bytes.big16(at + 7), bytes.big16(at + 5));
        at += 2 + static_cast<std::size_t>(length);
    }
    return std::nullopt;
}

std::optional<dimensions> image_size(std::string_view payload) {
    const base64_bytes bytes(payload);
    if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return png_size(bytes);
    if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return gif_size(bytes);
    if (bytes.starts_with("\xFF\xD8")) return jpeg_size(bytes);
    return std::nullopt;
}

}  // namespace

std::size_t picture_rules::count(std::int64_t w, std::int64_t h) const {
    if (fixed) return static_cast<std::size_t>(std::max<std::int64_t>(1, tokens));
    // Each side is below 2^32: as unsigned numbers the product cannot wrap.
    const auto pixels = static_cast<std::uint64_t>(w) * static_cast<std::uint64_t>(h);
    const auto per_token = static_cast<std::uint64_t>(std::max<std::int64_t>(1, pixels_per_token));
    return static_cast<std::size_t>(std::max<std::uint64_t>(1, pixels / per_token));
}

std::size_t video_rules::count(const video_hints& hints) const {
    const bool sized = hints.width > 0 && hints.height > 0;
    const auto per_frame = sized ? frame.count(hints.width, hints.height) : frame.count();
    const double length = hints.seconds > 0 ? hints.seconds : seconds;
    const double source = hints.frames_per_second > 0 ? hints.frames_per_second : source_per_second;
    // Nobody's video has more frames than this; the product below stays exact.
    constexpr double most = 1e9;
    auto frames = static_cast<std::int64_t>(
        std::clamp(length * (strided ? source : sampled_per_second), 0.0, most));
    if (strided) frames /= std::max<std::int64_t>(1, stride);
    if (least_frames > 0) frames = std::max(frames, least_frames);
    if (most_frames > 0) frames = std::min(frames, most_frames);
    if (!strided && temporal_patch > 1) frames /= temporal_patch;
    auto total = static_cast<std::uint64_t>(frames) * std::min<std::uint64_t>(per_frame, 1U << 31U);
    if (most_tokens > 0) total = std::min(total, static_cast<std::uint64_t>(most_tokens));
    return static_cast<std::size_t>(std::max<std::uint64_t>(1, total));
}

std::optional<std::pair<std::int64_t, std::int64_t>> parse_resolution(std::string_view text) {
    const auto cross = text.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    const auto width = parse_int(text.substr(0, cross));
    const auto height = parse_int(text.substr(cross + 1));
    constexpr std::int64_t most = 1 << 20;
    if (!width || !height || *width <= 0 || *height <= 0 || *width > most || *height > most)
        return std::nullopt;
    return std::pair{*width, *height};
}

std::size_t image_tokens_base64(std::string_view payload, const picture_rules& rules) {
    const auto size = rules.fixed ? std::nullopt : image_size(payload);
    if (!size) return rules.count();
    return rules.count(static_cast<std::int64_t>(size->width),
                       static_cast<std::int64_t>(size->height));
}

std::size_t image_tokens(std::string_view url, const picture_rules& rules) {
    constexpr std::string_view mark = "base64,";
    if (!url.starts_with("data:image/")) return rules.count();
    // The media type and its parameters are short; a comma ends them.
    const auto at = url.substr(0, 256).find(mark);
    if (at == std::string_view::npos) return rules.count();
    return image_tokens_base64(url.substr(at + mark.size()), rules);
}

std::size_t audio_tokens(std::size_t bytes) { return std::max<std::size_t>(1, (bytes + 3) / 4); }

std::uint64_t media_hash(std::initializer_list<std::string_view> pieces) {
    if (pieces.size() == 1) return XXH64(pieces.begin()->data(), pieces.begin()->size(), 0);
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    for (const auto piece : pieces) {
        if (!piece.empty()) XXH64_update(&state, piece.data(), piece.size());
    }
    return XXH64_digest(&state);
}

}  // namespace weir::payload
