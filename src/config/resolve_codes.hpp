#pragma once

#include <string_view>

/// Codes of what resolution and the reading of files find: 03xx references between resources, 05xx
/// files and folders.
namespace weir::config::codes {

inline constexpr std::string_view missing_pool = "WEIR0301";
inline constexpr std::string_view missing_service = "WEIR0302";
inline constexpr std::string_view missing_grant = "WEIR0303";
inline constexpr std::string_view invalid_kind = "WEIR0304";
inline constexpr std::string_view missing_service_port = "WEIR0305";
inline constexpr std::string_view unsupported_app_protocol = "WEIR0306";
inline constexpr std::string_view no_matching_pod = "WEIR0307";
inline constexpr std::string_view no_ready_pod = "WEIR0308";
inline constexpr std::string_view pod_without_address = "WEIR0309";
inline constexpr std::string_view port_mismatch = "WEIR0310";
inline constexpr std::string_view no_matching_parent = "WEIR0311";
inline constexpr std::string_view not_allowed_by_listeners = "WEIR0312";
inline constexpr std::string_view hostname_mismatch = "WEIR0313";
inline constexpr std::string_view route_without_parent = "WEIR0314";
inline constexpr std::string_view gateway_made_up = "WEIR0315";
inline constexpr std::string_view listener_conflict = "WEIR0316";
inline constexpr std::string_view unsupported_protocol = "WEIR0317";
inline constexpr std::string_view bad_certificate = "WEIR0318";
inline constexpr std::string_view invalid_route_kinds = "WEIR0319";
inline constexpr std::string_view bad_gateway_address = "WEIR0320";
inline constexpr std::string_view duplicate_match = "WEIR0321";
inline constexpr std::string_view shadowed_match = "WEIR0322";
inline constexpr std::string_view zero_weights = "WEIR0323";
inline constexpr std::string_view rule_without_backend = "WEIR0324";
inline constexpr std::string_view unsupported_filter = "WEIR0325";
inline constexpr std::string_view pool_ref_missing = "WEIR0330";
inline constexpr std::string_view pool_ref_group = "WEIR0331";
inline constexpr std::string_view negative_priority = "WEIR0332";
inline constexpr std::string_view model_name_in_use = "WEIR0333";
inline constexpr std::string_view ambiguous_picker_config = "WEIR0334";
inline constexpr std::string_view picker_service_absent = "WEIR0335";
inline constexpr std::string_view not_a_picker_config = "WEIR0336";
inline constexpr std::string_view stale_before_scraped = "WEIR0337";
inline constexpr std::string_view endpoint_is_listener = "WEIR0338";
inline constexpr std::string_view endpoint_twice = "WEIR0339";
inline constexpr std::string_view pool_without_route = "WEIR0340";
inline constexpr std::string_view gateway_without_route = "WEIR0341";
inline constexpr std::string_view pool_name_unknown = "WEIR0342";
inline constexpr std::string_view bad_pod_address = "WEIR0343";
inline constexpr std::string_view objective_shadowed = "WEIR0344";
inline constexpr std::string_view idle_picker_config = "WEIR0345";
inline constexpr std::string_view priority_without_band = "WEIR0346";
inline constexpr std::string_view ttl_below_scrape = "WEIR0347";
inline constexpr std::string_view bands_above_memory = "WEIR0348";
inline constexpr std::string_view zero_scorer_weights = "WEIR0349";
inline constexpr std::string_view omitted_weight = "WEIR0350";
inline constexpr std::string_view timeout_below_slo = "WEIR0351";
inline constexpr std::string_view bad_parameters_ref = "WEIR0352";
inline constexpr std::string_view client_certificates = "WEIR0353";
inline constexpr std::string_view too_large = "WEIR0354";
inline constexpr std::string_view service_without_endpoints = "WEIR0355";

inline constexpr std::string_view path_missing = "WEIR0501";
inline constexpr std::string_view path_unreadable = "WEIR0502";
inline constexpr std::string_view folder_empty = "WEIR0503";
inline constexpr std::string_view file_too_large = "WEIR0504";
inline constexpr std::string_view endpoints_file_missing = "WEIR0505";
inline constexpr std::string_view bad_endpoints_file = "WEIR0509";

}  // namespace weir::config::codes
