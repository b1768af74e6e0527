#include "flowcontrol/stages.hpp"

#include <algorithm>
#include <string_view>

namespace weir::flowcontrol {
namespace {

struct parts {
    bool prefill = false;
    bool decode = false;
};

parts parts_of(const endpoint& e) {
    const auto* role = e.label("llm-d.ai/role");
    if (role == nullptr || role->empty()) return {false, true};
    const std::string_view r = *role;
    if (r == "prefill" || r == "encode-prefill") return {true, false};
    if (r == "decode") return {false, true};
    const bool both = r == "prefill-decode" || r == "both" || r == "encode-prefill-decode";
    return {both, both};
}

}  // namespace

stage_levels detect_stages(const config::detector_settings& settings, const signal_columns& signals,
                           std::span<const endpoint> endpoints,
                           std::span<const std::uint32_t> candidates) {
    stage_levels out;
    out.ready = !candidates.empty();
    std::vector<std::uint32_t> prefill;
    std::vector<std::uint32_t> decode;
    for (const auto i : candidates) {
        const auto p = parts_of(endpoints[i]);
        if (p.prefill) prefill.push_back(i);
        if (p.decode) decode.push_back(i);
    }
    const auto whole = detect_saturation(settings, signals, candidates);
    out.stale = whole.stale;
    out.effective = whole.value;
    if (prefill.empty() && decode.empty()) return out;
    if (!prefill.empty()) out.prefill = detect_saturation(settings, signals, prefill).value;
    if (!decode.empty()) out.decode = detect_saturation(settings, signals, decode).value;
    out.effective = std::max(out.prefill, out.decode);
    return out;
}

}  // namespace weir::flowcontrol
