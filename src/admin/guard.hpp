#pragma once

#include <string_view>

#include "http/address.hpp"

/// Who may ask the admin API: checks against pages in a browser that were not sent by it. Pure.
namespace weir::admin {

/// False when a DNS name was rebound to this address: a Host must be an IP literal, `localhost` or
/// the bound address; a request without one does not come from a browser.
bool host_allowed(std::string_view host, const http::address& bound);

/// True for the pages that monitoring reads, by whatever name it knows this machine: they may be
/// had under any Host where the admin API is bound for others to reach.
bool open_to_any_name(std::string_view path, const http::address& bound);

/// A write may come from no page at all (no Origin) or from one that this server sent: its origin
/// is `http` or `https` with exactly the request's Host.
bool origin_allowed(bool has_origin, std::string_view origin, std::string_view host);

/// `application/json`, with or without parameters.
bool is_json_type(std::string_view content_type);

}  // namespace weir::admin
