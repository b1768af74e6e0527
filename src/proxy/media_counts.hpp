#pragma once

#include <string_view>

#include "base/strings.hpp"
#include "payload/media.hpp"

namespace weir::proxy {

/// A pool's rules for one request: what it says of its video counts more than what is configured.
/// `field(name)` gives a header's value, empty without one. Values that make no sense are ignored.
template <class Field>
payload::media_counts media_counts_of(const payload::media_rules& rules, Field field) {
    payload::video_hints hints;
    const auto number = [&](std::string_view name) {
        const auto v = parse_double(trim(field(name)));
        return v && *v > 0 ? *v : 0;
    };
    hints.seconds = number("x-llm-d-video-duration-seconds");
    hints.frames_per_second = number("x-llm-d-video-fps");
    if (const auto size = payload::parse_resolution(trim(field("x-llm-d-video-resolution")))) {
        hints.width = size->first;
        hints.height = size->second;
    }
    return {rules.image, rules.video.count(hints)};
}

}  // namespace weir::proxy
