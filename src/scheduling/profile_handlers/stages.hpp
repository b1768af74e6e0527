#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weir/decision.hpp"
#include "weir/endpoint.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling {

inline constexpr std::string_view prefiller_header = "x-prefiller-host-port";
inline constexpr std::string_view encoders_header = "x-encoder-hosts-ports";
inline constexpr std::string_view data_parallel_header = "x-data-parallel-host-port";

/// The number of a profile, if it is configured.
inline std::optional<std::uint32_t> profile_number(std::span<const std::string> profiles,
                                                   std::string_view name) {
    const auto it = std::find(profiles.begin(), profiles.end(), name);
    if (it == profiles.end()) return std::nullopt;
    return static_cast<std::uint32_t>(it - profiles.begin());
}

inline void set_header(decision& d, std::string_view name, std::string value) {
    d.upstream_headers.push_back({std::string(name), std::move(value), false});
}

/// Takes both stage headers away and sets those whose stage has a target.
inline void write_stage_headers(std::uint32_t prefill, std::uint32_t encode,
                                std::span<const endpoint> endpoints, decision& chosen) {
    for (const auto name : {prefiller_header, encoders_header}) {
        chosen.upstream_headers.push_back({std::string(name), {}, true});
    }
    const auto prefilled = chosen.targets_of(prefill);
    if (!prefilled.empty())
        set_header(chosen, prefiller_header, endpoints[prefilled[0]].authority());
    std::string list;
    for (const auto target : chosen.targets_of(encode)) {
        if (!list.empty()) list += ',';
        list += endpoints[target].authority();
    }
    if (!list.empty()) set_header(chosen, encoders_header, std::move(list));
}

}  // namespace weir::scheduling
