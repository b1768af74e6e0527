#include "admin/guard.hpp"

#include "base/strings.hpp"

namespace weir::admin {
namespace {

/// The host of `host[:port]`; IPv6 keeps its brackets.
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const auto close = host.find(']');
        return close == std::string_view::npos ? host : host.substr(0, close + 1);
    }
    return host.substr(0, host.find(':'));
}

}  // namespace

bool host_allowed(std::string_view host, const http::address& bound) {
    if (host.empty()) return true;
    const auto name = without_port(host);
    if (iequals(name, "localhost")) return true;
    if (name.starts_with('[') != name.ends_with(']')) return false;
    const bool literal = http::address::parse(name, 0).has_value();
    return literal || iequals(host, bound.authority()) || iequals(name, bound.ip());
}

bool open_to_any_name(std::string_view path, const http::address& bound) {
    const bool monitoring = path == "/metrics" || path == "/livez" || path == "/readyz";
    return monitoring && !bound.is_loopback();
}

bool origin_allowed(bool has_origin, std::string_view origin, std::string_view host) {
    if (!has_origin) return true;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.size() > scheme.size() && iequals(origin.substr(0, scheme.size()), scheme))
            return !host.empty() && iequals(origin.substr(scheme.size()), host);
    }
    return false;
}

bool is_json_type(std::string_view content_type) {
    return iequals(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

}  // namespace weir::admin
