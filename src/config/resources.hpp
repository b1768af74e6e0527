#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/model.hpp"
#include "config/node.hpp"

/// What the files say, kind by kind, before any reference is followed: typed, defaulted, every
/// value with its place. Whole objects are `…_resource`, their parts `…_spec`; values that
/// resolution does not change are the model's own types.
namespace weir::config {

/// A value and where it was written. A default has the place of the nearest thing that was written.
template <class T>
struct located {
    T value{};
    span at;
};
using text = located<std::string>;

struct named_value {
    text key;
    text value;
};

/// Sorted by key.
using label_list = std::vector<std::pair<std::string, std::string>>;

/// The value of `key`, or null.
const std::string* find_label(const label_list& labels, std::string_view key);

/// What all objects share.
struct metadata {
    std::string api_version;  ///< as written, `group/version` or `v1`
    std::string group;        ///< empty for core
    std::string version;
    std::string kind;
    text name;        ///< empty when missing (an error for all kinds but EndpointPickerConfig)
    text name_space;  ///< `default` when missing, empty for cluster-scoped kinds
    label_list labels;
    label_list annotations;
    std::string created;  ///< creationTimestamp as written, empty when missing
    span at;              ///< the value of metadata.name, or of `kind` for nameless objects
    bool valid = true;    ///< false when the parser reported an error inside this object

    std::string id() const { return name_space.value + "/" + name.value; }
};

/// A reference to another object. `group` and `kind` carry the default of the field they stand in.
struct object_ref {
    text group;
    text kind;
    lean_optional<text> name_space;
    text name;
    std::optional<located<std::uint16_t>> port;
    bool unread = false;  ///< group, kind or namespace is an error: what is meant is not known
    span at;
};

enum class selector_operator : std::uint8_t { in, not_in, exists, does_not_exist };

struct selector_expression {
    std::string key;
    selector_operator op = selector_operator::in;
    std::vector<std::string> values;
    span at;
};

/// A Kubernetes label selector; an empty one matches everything.
struct label_selector {
    label_list match_labels;
    std::vector<selector_expression> expressions;
    span at;
};

/// Whether every pair of `selector` is in `labels`.
bool matches(const label_list& selector, const label_list& labels);
/// Whether `labels` satisfy the pairs and the expressions; a missing key satisfies NotIn and
/// DoesNotExist.
bool matches(const label_selector& selector, const label_list& labels);

// --- gateway.networking.k8s.io
// ---------------------------------------------------------------------

enum class namespaces_from : std::uint8_t { same, all, selector, none };

struct route_kind_spec {
    text group;  ///< default gateway.networking.k8s.io
    text kind;
    span at;
};

struct allowed_routes_spec {
    located<namespaces_from> from;  ///< default same
    lean_optional<label_selector> selector;
    std::vector<route_kind_spec> kinds;  ///< empty: what the protocol implies
    bool kinds_given = false;
    span at;
};

/// Which CAs the certificates of clients must chain to.
struct client_validation_spec {
    std::vector<object_ref> ca_refs;  ///< group "" and kind ConfigMap by default
    span at;
};

struct listener_tls_spec {
    text mode;                                      ///< Terminate (default) or Passthrough
    std::vector<object_ref> certificate_refs;       ///< group "" and kind Secret by default
    lean_optional<client_validation_spec> clients;  ///< frontendValidation
    span at;
};

struct listener_spec {
    text name;
    located<std::uint16_t> port;
    text protocol;  ///< HTTP, HTTPS, TLS, TCP, UDP or an implementation's own `domain/name`
    lean_optional<text> hostname;
    lean_optional<listener_tls_spec> tls;
    allowed_routes_spec allowed_routes;
    span at;  ///< the listener's name
};

struct gateway_address_spec {
    text type;   ///< IPAddress (default), Hostname or an implementation's own
    text value;  ///< may be empty: any address of that type
    span at;
};

struct gateway_resource {
    metadata meta;
    text class_name;
    std::vector<listener_spec> listeners;
    std::vector<gateway_address_spec> addresses;
    lean_optional<object_ref> parameters_ref;       ///< infrastructure.parametersRef
    lean_optional<object_ref> client_certificate;   ///< what weir would show to backends
    lean_optional<client_validation_spec> clients;  ///< of every HTTPS listener without its own
    std::vector<std::pair<std::uint16_t, client_validation_spec>> clients_by_port;
};

struct gateway_class_resource {
    metadata meta;
    text controller_name;
};

struct grant_from_spec {
    text group;
    text kind;
    text name_space;
    span at;
};

struct grant_to_spec {
    text group;
    text kind;
    std::optional<text> name;  ///< absent (or written empty): every object of that kind
    span at;
};

struct reference_grant_resource {
    metadata meta;
    std::vector<grant_from_spec> from;
    std::vector<grant_to_spec> to;
};

/// A route's parent; group and kind default to a Gateway.
struct parent_ref_spec {
    object_ref ref;
    lean_optional<text> section_name;
};

struct match_spec {
    /// Defaults applied, header names lower-cased, the first of repeated names kept.
    rule_match value;
    span at;
    span path_at;  ///< the path's value, else the match
};

enum class filter_type : std::uint8_t {
    request_header_modifier,
    response_header_modifier,
    request_redirect,
    url_rewrite,
    request_mirror,
    cors,
    extension_ref,
    unsupported,  ///< any other type, ExternalAuth included
};

struct mirror_spec {
    object_ref ref;
    double fraction = 1;
};

struct filter_spec {
    filter_type type = filter_type::unsupported;
    text type_name;  ///< as written
    /// header_edit for both header modifiers, object_ref for an extension, nothing for an
    /// unsupported type.
    std::variant<std::monostate, header_edit, redirect_filter, rewrite_filter, mirror_spec,
                 cors_filter, object_ref>
        value;
    span at;
};

struct backend_ref_spec {
    object_ref ref;                 ///< group "" and kind Service by default
    located<std::uint32_t> weight;  ///< default 1
    std::vector<filter_spec> filters;
};

struct route_rule_spec {
    std::optional<text> name;
    std::vector<match_spec> matches;  ///< never empty: PathPrefix `/` when none is written
    std::vector<filter_spec> filters;
    std::vector<backend_ref_spec> backends;
    bool backends_unread = false;  ///< some are written, but none could be read
    std::optional<located<std::chrono::nanoseconds>> request_timeout;
    std::optional<located<std::chrono::nanoseconds>> backend_timeout;
    std::optional<located<retry_policy>> retry;
    span at;
};

struct http_route_resource {
    metadata meta;
    std::vector<text> hostnames;
    std::vector<parent_ref_spec> parents;
    bool parents_unread = false;         ///< some are written, but none could be read
    std::vector<route_rule_spec> rules;  ///< never empty
};

// --- inference
// -------------------------------------------------------------------------------------

struct picker_ref_spec {
    /// Group "" and kind Service by default; v1alpha2's portNumber defaults to 9002.
    object_ref ref;
    bool fail_open = false;
    span at;
};

/// Both shapes of InferencePool; `meta.group` and `meta.version` tell them apart.
struct pool_resource {
    metadata meta;
    label_list selector;
    span selector_at;
    bool selector_wrong = false;  ///< the schema found errors in it: what it selects is not known
    std::vector<located<std::uint16_t>> target_ports;
    text app_protocol;  ///< `http` (default) or `kubernetes.io/h2c`
    std::optional<picker_ref_spec> picker_ref;
};

/// A reference to a pool, always in the same namespace.
struct pool_ref_spec {
    text group;  ///< default inference.networking.k8s.io, for an InferenceModel
                 ///< inference.networking.x-k8s.io
    bool group_given = false;
    text kind;  ///< default InferencePool
    text name;
    span at;
};

struct objective_resource {
    metadata meta;
    located<std::int32_t> priority;  ///< 0 when missing
    bool priority_given = false;
    pool_ref_spec pool_ref;
};

struct weighted_target_spec {
    text model;
    std::optional<located<std::uint32_t>> weight;
};

struct model_rewrite_rule_spec {
    std::vector<text> models;  ///< exact names; empty: every request
    std::vector<weighted_target_spec> targets;
    span at;
};

struct model_rewrite_resource {
    metadata meta;
    pool_ref_spec pool_ref;
    std::vector<model_rewrite_rule_spec> rules;
};

struct inference_model_resource {
    metadata meta;
    text model_name;
    std::optional<located<criticality>> level;
    std::vector<weighted_target_spec> targets;
    pool_ref_spec pool_ref;
};

/// An EndpointPickerConfig document: only its envelope is checked here, `scheduling` reads the
/// rest.
struct picker_config_resource {
    metadata meta;  ///< the name may be empty
    std::shared_ptr<const node> root;
};

// --- core
// ------------------------------------------------------------------------------------------

struct container_port_spec {
    std::string name;  ///< may be empty
    located<std::uint16_t> port;
};

struct pod_resource {
    metadata meta;
    std::vector<text> ips;        ///< status.podIP first, then the other status.podIPs
    std::optional<text> address;  ///< annotation weir.dev/address
    bool has_ready_condition = false;
    bool ready =
        true;  ///< the Ready condition; true when there is none and the phase is not an end
    bool terminating = false;  ///< metadata.deletionTimestamp is set
    std::vector<container_port_spec> ports;
};

struct service_port_spec {
    std::string name;  ///< may be empty
    located<std::uint16_t> port;
    text target_port;  ///< a number or the name of a container port; the port itself when missing
    text protocol;     ///< TCP when missing
    std::optional<text> app_protocol;
    span at;
};

struct service_resource {
    metadata meta;
    text type;  ///< ClusterIP when missing
    std::optional<text> cluster_ip;
    std::optional<text> external_name;
    label_list selector;
    std::vector<service_port_spec> ports;
};

struct secret_resource {
    metadata meta;
    text type;                      ///< Opaque when missing
    std::vector<named_value> data;  ///< base64 of `data` decoded; `stringData` wins over it
};

struct namespace_resource {
    metadata meta;  ///< labels include kubernetes.io/metadata.name
};

struct config_map_resource {
    metadata meta;
    std::vector<named_value> data;
};

struct slice_endpoint_spec {
    std::vector<text> addresses;
    bool ready = true;  ///< conditions.ready, true when missing
    bool terminating = false;
    std::string target_pod;  ///< targetRef.name when its kind is Pod
};

struct slice_port_spec {
    std::string name;  ///< may be empty
    std::optional<located<std::uint16_t>> port;
    text protocol;  ///< TCP when missing
};

struct endpoint_slice_resource {
    metadata meta;
    std::string service_name;  ///< label kubernetes.io/service-name
    text address_type;         ///< IPv4, IPv6 or FQDN
    std::vector<slice_endpoint_spec> endpoints;
    std::vector<slice_port_spec> ports;
};

// --- all of it
// -------------------------------------------------------------------------------------

/// An object of a kind weir does not read.
struct skipped_resource {
    metadata meta;
};

/// Every object of every file, in the order of the files.
struct resources {
    std::vector<gateway_resource> gateways;
    std::vector<gateway_class_resource> gateway_classes;
    std::vector<http_route_resource> http_routes;
    std::vector<reference_grant_resource> grants;
    std::vector<pool_resource> pools;
    std::vector<objective_resource> objectives;
    std::vector<model_rewrite_resource> model_rewrites;
    std::vector<inference_model_resource> inference_models;
    std::vector<picker_config_resource> picker_configs;
    std::vector<pod_resource> pods;
    std::vector<service_resource> services;
    std::vector<secret_resource> secrets;
    std::vector<namespace_resource> namespaces;
    std::vector<config_map_resource> config_maps;
    std::vector<endpoint_slice_resource> endpoint_slices;
    std::vector<skipped_resource> skipped;
    std::vector<source_ptr> sources;  ///< what the spans point into
    std::size_t route_parts = 0;      ///< of all Gateways and HTTPRoutes, see parse.cpp
};

}  // namespace weir::config
