#pragma once

#include "weir/plugin.hpp"

namespace weir::scheduling {

inline constexpr parameter_doc session_affinity_docs[] = {
    {"strategy", "string", "encoded_endpoint_header", "encoded_endpoint_header or session_id"},
    {"encodedEndpointHeaderConfig", "object", "{header: x-session-token}",
     "the header that carries the endpoint"},
    {"sessionIdConfig", "object", "{sources: [{header: x-session-id}]}",
     "{sources: [{header} or {attribute, producer}], evictionTtlSeconds: 300, "
     "evictionSweepSeconds: 10}"},
    {"profileName", "string", "", "the profile whose endpoint counts; empty: the primary one"},
};

}  // namespace weir::scheduling
