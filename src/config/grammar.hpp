#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// The grammars of the Gateway API and of Kubernetes names. The functions that return a text say
/// what is wrong, or nothing.
namespace weir::config {

/// RFC 1123 label: lower-case letters, digits and `-`, 1 to 63.
bool is_dns_label(std::string_view s);
/// RFC 1123 subdomain: labels joined by dots, 1 to 253.
bool is_dns_subdomain(std::string_view s);
/// Letters, digits, `-`, `_`, `.`; at most 63; with an optional subdomain and `/` before them.
bool is_label_key(std::string_view s);
/// Empty, or letters, digits, `-`, `_`, `.` between letters or digits; at most 63.
bool is_label_value(std::string_view s);
/// RFC 9110 token, 1 to 256.
bool is_header_name(std::string_view s);
bool is_ip_address(std::string_view s);

/// What is wrong with a Gateway API hostname; `wildcard` allows a whole first label `*`.
std::optional<std::string> hostname_problem(std::string_view s, bool wildcard);
/// What is wrong with an Exact or PathPrefix path, or with a path that replaces one.
std::optional<std::string> path_problem(std::string_view s);
/// What is wrong with a CORS origin.
std::optional<std::string> origin_problem(std::string_view s);
/// What RE2 says about a regular expression.
std::optional<std::string> regex_problem(std::string_view s);

/// GEP-2257: `^([0-9]{1,5}(h|m|s|ms)){1,4}$`; each unit may repeat, no sign, no fraction.
std::optional<std::chrono::nanoseconds> parse_gateway_duration(std::string_view s);

/// RFC 4648 with padding; line breaks are skipped.
std::optional<std::string> decode_base64(std::string_view s);

/// `IP`, `IP:port`, `[IPv6]:port`, `name` or `name:port`.
std::optional<std::string> address_problem(std::string_view s);

}  // namespace weir::config
