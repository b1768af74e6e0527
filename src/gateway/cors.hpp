#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::gateway {

/// Fields to put into a response; names are lower case.
using response_fields = std::vector<std::pair<std::string, std::string>>;

/// OPTIONS with Origin and Access-Control-Request-Method: answered by the gateway with 204 (Fetch
/// standard, CORS protocol), never forwarded.
bool is_cors_preflight(std::string_view method, const http::field_list& request);

/// `*`, an exact origin, or a wildcard in front of the host (`https://*.example.com`, any depth).
bool origin_allowed(const config::cors_filter& cors, std::string_view origin);

/// The fields of the answer to a preflight; none when its origin is not allowed.
response_fields cors_preflight_fields(const config::cors_filter& cors,
                                      const http::field_list& request);

/// The fields of any other response to a request with an Origin; none without one, or when it is
/// not allowed.
response_fields cors_response_fields(const config::cors_filter& cors,
                                     const http::field_list& request);

/// True for the fields that a CORS filter owns: those of the endpoint are dropped from the
/// response.
bool is_cors_response_field(std::string_view name);

}  // namespace weir::gateway
