#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/lean_optional.hpp"
#include "config/lean_vector.hpp"
#include "config/node.hpp"
#include "weir/endpoint.hpp"

/// The resolved configuration: what the files say after every reference was followed. Immutable
/// once built; knows nothing of sockets, threads or clocks. `load.hpp` makes it, `gateway` and
/// `app` read it.
namespace weir::config {

// --- routes

enum class match_kind : std::uint8_t { exact, regex };
enum class path_kind : std::uint8_t { exact, prefix, regex };

struct value_match {
    match_kind kind = match_kind::exact;
    std::string name;   ///< header names lower-cased, query names as written
    std::string value;  ///< RE2 syntax when `kind` is regex, anchored at both ends
};

struct rule_match {
    path_kind path = path_kind::prefix;
    std::string path_value = "/";
    std::string method;  ///< empty: any
    lean_vector<value_match> headers;
    lean_vector<value_match> query;
};

struct header_edit {
    std::vector<std::pair<std::string, std::string>> set;
    std::vector<std::pair<std::string, std::string>> add;
    std::vector<std::string> remove;  ///< lower-cased
};

struct path_modifier {
    bool full = false;  ///< ReplaceFullPath; else ReplacePrefixMatch
    std::string value;
};

struct redirect_filter {
    std::optional<std::string> scheme;
    std::optional<std::string> hostname;
    std::optional<path_modifier> path;
    std::optional<std::uint16_t> port;
    int status = 302;
};

struct rewrite_filter {
    std::optional<std::string> hostname;
    std::optional<path_modifier> path;
};

struct cors_filter {
    std::vector<std::string> allow_origins;
    std::vector<std::string> allow_methods;
    std::vector<std::string> allow_headers;
    std::vector<std::string> expose_headers;
    bool allow_credentials = false;
    std::int64_t max_age_seconds = 5;
};

enum class backend_kind : std::uint8_t { pool, service, invalid };

/// Where a share of a rule's traffic goes. An invalid one keeps its weight and answers 500.
struct backend_target {
    backend_kind kind = backend_kind::invalid;
    std::uint32_t index = 0;  ///< into model::pools or model::services
    std::string reason;  ///< of an invalid one: InvalidKind, RefNotPermitted, BackendNotFound, …
    std::string name;    ///< `namespace/name` as referenced, for messages
};

struct mirror_filter {
    backend_target target;
    double fraction = 1;  ///< 0..1 of the requests
};

/// The filters of one rule or backendRef, each kind at most once but for mirrors.
struct filter_set {
    lean_optional<header_edit> request_headers;
    lean_optional<header_edit> response_headers;
    lean_optional<redirect_filter> redirect;
    lean_optional<rewrite_filter> rewrite;
    lean_optional<cors_filter> cors;
    std::vector<mirror_filter> mirrors;
    bool unsupported =
        false;  ///< an unknown filter type or ExtensionRef: the rule's traffic gets 500
};

struct backend_ref {
    backend_target target;
    std::uint32_t weight = 1;
    filter_set filters;
};

struct retry_policy {
    std::vector<int> codes;
    int attempts = 1;  ///< retries, not tries
    std::chrono::nanoseconds backoff{0};
};

struct route_rule {
    std::string name;
    std::vector<rule_match> matches;  ///< never empty
    filter_set filters;
    std::vector<backend_ref> backends;  ///< may be empty: 500 unless a redirect answers
    std::optional<std::chrono::nanoseconds> request_timeout;  ///< 0 off; unset: the flag decides
    std::chrono::nanoseconds backend_timeout{0};              ///< 0 off
    lean_optional<retry_policy> retry;
    span at;
};

struct route {
    std::string name_space;
    std::string name;
    /// CreationTimestamp as written (RFC 3339 sorts as text), empty when missing.
    std::string created;
    std::vector<route_rule> rules;
    span at;
};

// --- listeners

enum class listener_protocol : std::uint8_t { http, https };

/// A route as one listener sees it. `hostnames` is the intersection with the listener's own; empty:
/// any host.
struct attached_route {
    std::uint32_t route = 0;  ///< into model::routes
    std::vector<std::string> hostnames;
};

struct certificate {
    std::string name;  ///< `namespace/name` of the Secret
    std::string chain_pem;
    std::string key_pem;
};

struct listener {
    std::string gateway;  ///< `namespace/name`
    std::string name;
    std::string bind_address;        ///< IP literal
    std::uint16_t bind_port = 0;     ///< where the socket is bound
    std::uint16_t logical_port = 0;  ///< what the Gateway says; redirects use it
    listener_protocol protocol = listener_protocol::http;
    std::string hostname;  ///< empty: any; may start with `*.`
    std::vector<certificate> certificates;
    std::vector<attached_route> routes;
};

// --- pools

struct weighted_name {
    std::string name;
    std::optional<std::uint32_t> weight;
};

/// One rule of an InferenceModelRewrite, in order of precedence within its pool.
struct rewrite_rule {
    std::string resource;             ///< `name` of the InferenceModelRewrite, a metric label
    std::vector<std::string> models;  ///< exact names; empty: every model
    std::vector<weighted_name> targets;
};

enum class criticality : std::uint8_t { critical, standard, sheddable };

struct inference_model {
    std::string model_name;
    criticality level = criticality::standard;
    std::vector<weighted_name> targets;
};

/// An endpoint a file describes by name: it is resolved later and may become several, or none.
struct endpoint_source {
    std::string name_space;
    std::string name;
    std::string host;  ///< IP literal or DNS name
    /// One endpoint each; rank is the index; 0: not active, keeps its rank.
    std::vector<std::uint16_t> ports;
    std::vector<std::pair<std::string, std::string>> labels;  ///< sorted by key
    bool ready = true;
};

/// An EndpointPickerConfig and where it came from. Parsed by `scheduling`, which knows the plugins.
struct picker_document {
    std::shared_ptr<const node> root;
    std::string origin;  ///< for people: `configmap default/my-epp`, `file weir.yaml`,
                         ///< `--config-file x.yaml`
};

struct pool {
    std::string name_space;
    std::string name;
    std::string group;
    std::vector<std::uint16_t> target_ports;
    std::vector<endpoint_source> endpoints;
    std::map<std::string, int, std::less<>> objectives;  ///< InferenceObjective name → priority
    std::vector<rewrite_rule> rewrites;
    std::vector<inference_model> models;
    picker_document picker;       ///< root is null: the built-in default
    bool has_picker_ref = false;  ///< the built-in default is the reference's, not weir's
    /// Of --endpoints-file or a file-discovery plugin; empty when none.
    std::string endpoints_file;
    bool watch_endpoints_file = true;
    span at;

    std::string id() const { return name_space + "/" + name; }
};

/// A core Service port as a backend: plain least-request balancing over its ready addresses.
struct service {
    std::string name_space;
    std::string name;
    std::uint16_t port = 0;
    std::vector<endpoint_source> endpoints;
    bool websocket = false;  ///< appProtocol kubernetes.io/ws: connections are upgraded
};

// --- all of it

/// One condition in Kubernetes' own words.
struct condition {
    std::string_view type;  ///< a word of the Gateway API, never made up: it lives for ever
    bool status = true;
    std::string_view reason;  ///< the same
    std::string message;
};

/// The conditions of one thing, in the order they were first set.
class condition_list {
  public:
    /// Replaces a condition of the same type; type and reason are literals.
    void set(std::string_view type, bool status, std::string_view reason, std::string_view message);
    /// Null when it was never set.
    const condition* find(std::string_view type) const;
    const std::vector<condition>& list() const { return list_; }

  private:
    std::vector<condition> list_;
};

/// `status.parents[]` of a route or a pool.
struct status_parent {
    std::string group;
    std::string kind;
    std::string name_space;
    std::string name;
    std::string section;     ///< sectionName, empty when the reference has none
    std::uint16_t port = 0;  ///< 0 when the reference has none
    condition_list conditions;
};

/// `status.listeners[]` of a Gateway.
struct status_listener {
    std::string name;
    bool takes_http_routes = true;
    std::uint32_t attached = 0;
    condition_list conditions;
};

enum class status_shape : std::uint8_t { plain, gateway, parents };

/// Kubernetes `status` of one resource, for /v1/status and `weir check`.
struct resource_status {
    std::string api_version;
    std::string kind;
    std::string name_space;
    std::string name;
    status_shape shape = status_shape::plain;
    condition_list conditions;               ///< of the resource itself; not of shape `parents`
    std::vector<std::string> addresses;      ///< of shape `gateway`
    std::vector<status_listener> listeners;  ///< of shape `gateway`
    std::vector<status_parent> parents;      ///< of shape `parents`
};

struct model {
    std::vector<listener> listeners;
    std::vector<route> routes;
    std::vector<pool> pools;
    std::vector<picker_document> idle_pickers;  ///< that no pool uses; checked all the same
    std::vector<service> services;
    std::vector<resource_status> statuses;
    std::vector<source_ptr> texts;     ///< what every `span` above points into
    std::vector<std::string> sources;  ///< paths that were read, for start-up lines and watching
    /// Every resource read, redacted, with file and line; /v1/config. Empty unless asked for
    /// (load_options::effective).
    std::string effective_json;
    std::string missing_pool;  ///< --pool-name that no file defines; empty when found or not asked
};

}  // namespace weir::config
