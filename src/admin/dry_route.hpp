#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/runtime.hpp"

/// Where a request that is only asked about would go.
namespace weir::admin {

/// What was asked, as the gateway would have received it.
struct dry_request {
    std::string path;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::uint64_t seed = 0;

    /// The first of that name, or an empty view.
    std::string_view header(std::string_view name) const;
};

struct dry_route {
    std::string route;                          ///< `namespace/name` of the HTTPRoute; empty: none
    const proxy::pool_runtime* pool = nullptr;  ///< null: see `problem`
    std::string problem;                        ///< a sentence
};

/// The rule that takes the request, on any listener, and the pool it draws with the request's seed;
/// what its filters do to the header fields is done to those of `r`. Without a Host every hostname
/// of a route is tried. Where no rule takes it, the only pool there is.
dry_route find_route(const proxy::runtime& current, dry_request& r);

/// The pool of that name, `default/` understood.
dry_route find_pool(const proxy::runtime& current, std::string name);

}  // namespace weir::admin
