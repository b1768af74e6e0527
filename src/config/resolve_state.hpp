#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strings.hpp"
#include "config/conditions.hpp"
#include "config/load.hpp"
#include "config/model.hpp"
#include "config/resolve_grants.hpp"
#include "config/resources.hpp"

/// The workbench of one resolution: indexes over what was read, and what the steps learn about it.
/// Private to the `resolve_*` files; a step fills what the later ones read.
namespace weir::config {

inline constexpr std::string_view gateway_group = "gateway.networking.k8s.io";
inline constexpr std::string_view pool_group_v1 = "inference.networking.k8s.io";
inline constexpr std::string_view pool_group_alpha = "inference.networking.x-k8s.io";

/// One listener of one Gateway, before and after it got its sockets.
struct listener_state {
    const listener_spec* spec = nullptr;  ///< null for a made-up one
    std::string name;
    std::string hostname;
    std::string protocol;
    std::uint16_t port = 0;  ///< logical
    std::uint16_t bind_port = 0;
    std::vector<certificate> certificates;
    std::vector<std::string> certificate_names;
    condition_list conditions;
    bool accepted = true;
    bool resolved = true;
    bool conflicted = false;
    bool takes_http_routes = true;
    std::uint32_t attached = 0;
    std::int64_t last_attached = -1;    ///< the route that was attached last
    std::vector<std::uint32_t> served;  ///< into model::listeners, one an address
    span at;

    bool usable() const { return accepted && resolved_certificates && !conflicted; }
    bool resolved_certificates = true;
};

struct gateway_state {
    const gateway_resource* from = nullptr;  ///< null for a made-up one
    std::string name_space;
    std::string name;
    std::vector<std::string> addresses;  ///< IP literals to bind
    std::vector<listener_state> listeners;
    condition_list conditions;
    bool accepted = true;
    bool programmed = true;

    std::string id() const { return name_space + "/" + name; }
};

/// A reference of a route that does not lead anywhere, for its ResolvedRefs condition.
struct ref_problem {
    std::string_view reason;  ///< a word of the Gateway API
    std::string message;
};

struct parent_state {
    const parent_ref_spec* spec = nullptr;
    std::int64_t gateway = -1;  ///< into resolve_state::gateways, -1: no Gateway
    bool accepted = false;
    condition_list conditions;
};

struct route_state {
    const http_route_resource* from = nullptr;
    std::vector<ref_problem> problems;     ///< of backendRefs and mirrors, in order
    std::vector<std::string> unsupported;  ///< filter types weir does not know, rule by rule
    bool all_rules_unsupported = false;
    bool incompatible_filters = false;
    /// That its references name, valid or not yet, for pool status.
    std::vector<std::uint32_t> pools;
    std::vector<parent_state> parents;
};

/// Served pools stand at the same index in model::pools.
struct pool_state {
    const pool_resource* from = nullptr;  ///< null for the quick start's
    bool picker_service_absent = false;
    bool endpoints_replaced = false;  ///< by a flag or a file: its Pods do not matter
};

/// How much the files may make of each other. A file of some MiB can ask for billions of pairs, of
/// Pods and pools or of routes and listeners; no machine has them.
class pair_limit {
  public:
    pair_limit(std::string_view what, std::size_t limit) : what_(what), limit_(limit) {}

    /// Counts `n` more. False beyond the limit, which is reported once, at the place that met it.
    bool take(std::size_t n, findings& found, const span& at);

  private:
    std::string_view what_;
    std::size_t limit_;
    std::size_t taken_ = 0;
    bool reported_ = false;
};

struct resolve_state {
    resolve_state(const resources& in_, const load_options& options_, source_ptr picker_flag_,
                  model& out_, findings& found_);

    const resources& in;
    const load_options& options;
    model& out;
    findings& found;
    source_ptr picker_flag;  ///< text of --config-file or --config-text, null when neither is given
    std::string usage_error;

    grant_index grants;
    std::unordered_map<std::string, const namespace_resource*> namespaces;
    std::unordered_map<std::string, const service_resource*> services;  ///< by namespace/name
    /// By namespace/service.
    std::unordered_map<std::string, std::vector<const endpoint_slice_resource*>> slices;
    std::unordered_map<std::string, const secret_resource*> secrets;
    std::unordered_map<std::string, std::vector<const pod_resource*>> pods;  ///< by namespace
    std::unordered_map<std::string, const config_map_resource*> config_maps;
    std::unordered_map<std::string, const pool_resource*> defined;  ///< by group/namespace/name
    std::unordered_map<std::string, std::uint32_t> pool_index;      ///< by group/namespace/name
    std::unordered_map<std::string, std::uint32_t> service_index;   ///< by namespace/name:port
    std::unordered_map<std::string, std::uint32_t> gateway_index;   ///< by namespace/name

    pair_limit attachments{"routes and their hostnames on listeners", 500'000};
    pair_limit comparisons{"pairs of a Pod and an InferencePool or Service", 20'000'000};
    pair_limit endpoints{"endpoints", 200'000};

    std::vector<gateway_state> gateways;
    std::vector<route_state> routes;  ///< element i belongs to model::routes[i]
    std::vector<pool_state> pools;
    bool quick_start_formed = false;        ///< the pool default/default is the quick start's own
    std::vector<resource_status> statuses;  ///< of objectives, rewrites and models

    /// The index of a pool, or nothing.
    std::optional<std::uint32_t> find_pool(std::string_view group, std::string_view name_space,
                                           std::string_view name) const;
    /// The pool as a file has it, served or not (`--pool-name`); null when no file has it.
    const pool_resource* defined_pool(std::string_view group, std::string_view name_space,
                                      std::string_view name) const;
};

/// The name among `objects` of a namespace that `wanted` may be a misspelling of, or empty. Not
/// looked for when the finding is not kept: a file may have thousands of these.
template <class Resource>
std::string nearest_name(const findings& found, const text& wanted, std::string_view name_space,
                         const std::vector<Resource>& objects) {
    if (!found.keeps(wanted.at.file)) return {};
    std::vector<std::string_view> names;
    for (const auto& o : objects) {
        if (o.meta.name_space.value == name_space) names.push_back(o.meta.name.value);
    }
    return std::string(nearest(wanted.value, names));
}

/// Splits `host:port`, `[v6]:port` or `:port`; the port is 0 when there is none.
struct host_port {
    std::string host;
    std::uint16_t port = 0;
    bool valid = true;
};
host_port split_host_port(std::string_view written);
/// The other way: `host:port`, an IPv6 literal in brackets.
std::string join_host_port(std::string_view host, std::uint16_t port);

/// True for an IPv4 or IPv6 literal without brackets.
bool is_ip_literal(std::string_view written);

// The steps, in order.
void resolve_pools(resolve_state& state);
void resolve_quick_start_pool(resolve_state& state);
void check_quick_start_pool(resolve_state& state);
void resolve_pickers(resolve_state& state);
void resolve_pool_endpoints(resolve_state& state);
void resolve_pool_parts(resolve_state& state);  ///< objectives, rewrites, models
void resolve_gateways(resolve_state& state);
void resolve_routes(resolve_state& state);
void resolve_quick_start_route(resolve_state& state);
void report_statuses(resolve_state& state);
void check_picker_settings(resolve_state& state);
void check_matches(resolve_state& state);
void check_reachability(resolve_state& state);
void check_endpoints(resolve_state& state);

}  // namespace weir::config
