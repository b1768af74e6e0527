#pragma once

#include <string_view>

#include "base/strings.hpp"
#include "weir/request.hpp"

namespace weir::scheduling {

/// Milliseconds a client asks for; 0 without a wish. The newer header name wins when it is there,
/// whatever it says.
inline double slo_ms(const inference_request& request, std::string_view name,
                     std::string_view older) {
    auto value = request.header(name);
    if (value.data() == nullptr) value = request.header(older);
    const auto parsed = parse_double(trim(value));
    return parsed && *parsed > 0 ? *parsed : 0;
}

inline double ttft_slo_ms(const inference_request& request) {
    return slo_ms(request, "x-llm-d-slo-ttft-ms", "x-slo-ttft-ms");
}
inline double tpot_slo_ms(const inference_request& request) {
    return slo_ms(request, "x-llm-d-slo-tpot-ms", "x-slo-tpot-ms");
}

}  // namespace weir::scheduling
