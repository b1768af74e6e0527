#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::gateway {

/// The fields after `remove`, `set` (all instances give way to one, at the place of the first) and
/// `add` (behind what is there). Of a name listed twice the first entry counts. Views point into
/// `fields` and `edit`.
http::field_list edit_headers(const config::header_edit& edit, const http::field_list& fields);

/// The path with its matched prefix replaced, or replaced whole; never empty, never with `//` at
/// the joint. `matched` is the match that chose the rule; a ReplacePrefixMatch of another kind of
/// match leaves the path alone.
std::string rewrite_path(const config::path_modifier& modifier, const config::rule_match& matched,
                         std::string_view path);

/// What a redirect keeps of the request.
struct redirect_source {
    std::string_view scheme;  ///< `http` or `https`
    std::string_view host;    ///< the Host field, with or without port
    std::string_view path;    ///< normalised
    std::string_view query;   ///< without `?`
    bool has_query = false;
    std::uint16_t logical_port = 0;  ///< of the listener, as its Gateway says
};

/// The Location of a RequestRedirect. Port: the filter's, else the well-known one of the filter's
/// scheme, else the listener's; `:80` for http and `:443` for https are left out (Gateway API
/// HTTPRequestRedirectFilter).
std::string redirect_location(const config::redirect_filter& filter,
                              const config::rule_match& matched, const redirect_source& from);

/// The share of a rule's traffic that `random` (uniform over all 64 bits) falls on. Invalid shares
/// keep their weight, so the result may be one. Null when there is none or all weights are 0:
/// answer 500.
const config::backend_ref* pick_backend(const config::route_rule& rule, std::uint64_t random);

/// Whether a mirror takes this request.
bool mirror_takes(const config::mirror_filter& mirror, std::uint64_t random);

}  // namespace weir::gateway
