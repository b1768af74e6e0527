#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/resources.hpp"
#include "config/schema.hpp"

/// One parser a kind. Each reads the whole object (apiVersion, kind and metadata are read before),
/// reports what is wrong and returns what could be read, with defaults for the rest.
namespace weir::config {

gateway_resource parse_gateway(const object& root);
gateway_class_resource parse_gateway_class(const object& root);
http_route_resource parse_http_route(const object& root);
reference_grant_resource parse_reference_grant(const object& root);
pool_resource parse_pool(const object& root, const metadata& meta);
objective_resource parse_objective(const object& root);
model_rewrite_resource parse_model_rewrite(const object& root);
inference_model_resource parse_inference_model(const object& root);
pod_resource parse_pod(const object& root);
service_resource parse_service(const object& root);
secret_resource parse_secret(const object& root);
config_map_resource parse_config_map(const object& root);
endpoint_slice_resource parse_endpoint_slice(const object& root, const metadata& meta);

// --- parts that several kinds share

/// What stands where nothing was written.
text or_default(const std::optional<text>& given, std::string_view otherwise, const span& at);

/// group, kind, namespace, name and port of a reference; the name is required, fields the caller
/// does not know are not read because they are never there.
object_ref read_ref(const object& from, std::string_view group, std::string_view kind);

/// A group (`""` or a DNS name) and a kind.
std::optional<text> read_group(const field& from);
std::optional<text> read_kind(const field& from);
/// The name of an object, 1 to 253.
std::optional<text> read_name(const field& from);
std::optional<text> read_namespace(const field& from);
/// A listener or port section: a DNS name, 1 to 253.
std::optional<text> read_section(const field& from);
std::optional<text> read_hostname(const field& from, bool wildcard);
/// RFC 9110 token.
std::optional<text> read_header_name(const field& from);
/// GEP-2257.
std::optional<located<std::chrono::nanoseconds>> read_duration(const field& from);

pool_ref_spec read_pool_ref(const object& spec, std::string_view default_group);
/// The targets of a rewrite rule or an InferenceModel; `name_field` is what the model's name is
/// called there.
std::vector<weighted_target_spec> read_targets(const field& from, std::string_view name_field,
                                               std::size_t min, std::size_t max);

match_spec parse_match(const field& from);
/// The filters of a rule or of one of its backendRefs.
std::vector<filter_spec> parse_filters(const field& from);
/// The rules that concern the filters of one list together; `matches` are the rule's, `in_backend`
/// chooses the words.
void check_filters(const field& from, const std::vector<filter_spec>& filters,
                   const std::vector<match_spec>& matches, bool in_backend);
/// Reports a reference to a core Service that names no port.
void check_service_port(const object& from, const object_ref& ref);

}  // namespace weir::config
