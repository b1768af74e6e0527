#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "http/address.hpp"
#include "weir/endpoint.hpp"

/// From what discovery names to the endpoints of a pool. Pure functions of values.
namespace weir::datalayer {

/// Where an endpoint comes from, weakest first: of two sources that name one identity the later one
/// counts.
enum class endpoint_origin : std::uint8_t {
    config,  ///< Pods, EndpointSlices, --endpoint: what the configuration resolved
    file,    ///< --endpoints-file, file-discovery
    admin,   ///< POST /v1/endpoints
};
inline constexpr std::size_t endpoint_origin_count = 3;

std::string_view to_string(endpoint_origin o);

/// The IP literals of every DNS name in use, as the resolver last knew them.
using address_book = std::map<std::string, std::vector<std::string>, std::less<>>;

/// One endpoint with its place on the wire.
struct listed_endpoint {
    endpoint what;
    http::address where;
    std::string key;  ///< what its state is kept by: `namespace/name@ip:port`, the source's name
                      ///< where DNS adds to it
    endpoint_origin origin = endpoint_origin::config;
    bool ready = true;
};

/// Every (source × address × port). Sources of the configuration are named `<name>-rank-<port
/// index>`, those of files and of the administrator as they are written; a name that resolves to
/// several addresses adds `-<address>`. A name without addresses gives none.
std::vector<listed_endpoint> expand(std::span<const config::endpoint_source> sources,
                                    endpoint_origin origin, const address_book& book);

/// The one rule: all origins together, in the order config, file, admin; an identity named again
/// replaces the earlier one in its place, across origins and within one.
std::vector<listed_endpoint> merge(std::vector<std::vector<listed_endpoint>> by_origin);

/// The hosts among `sources` that are no IP literals.
void collect_names(std::span<const config::endpoint_source> sources, std::set<std::string>& into);

}  // namespace weir::datalayer
