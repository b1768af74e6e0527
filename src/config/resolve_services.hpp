#pragma once

#include <cstdint>

#include "config/resolve_state.hpp"

namespace weir::config {

/// The index in model::services of one port of a Service, made on first use. Its endpoints are the
/// addresses of the Service's EndpointSlices, else the Pods that its selector matches.
std::uint32_t service_backend(resolve_state& state, const service_resource& from,
                              const service_port_spec& port);

}  // namespace weir::config
