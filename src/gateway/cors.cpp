#include "gateway/cors.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace weir::gateway {
namespace {

bool contains_star(const std::vector<std::string>& values) {
    return std::find(values.begin(), values.end(), "*") != values.end();
}

bool is_host_text(std::string_view s) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_';
    });
}

bool origin_fits(std::string_view pattern, std::string_view origin) {
    const auto star = pattern.find('*');
    if (star == pattern.npos) return iequals(pattern, origin);
    const auto before = pattern.substr(0, star);
    const auto after = pattern.substr(star + 1);
    if (origin.size() <= before.size() + after.size()) return false;
    return iequals(origin.substr(0, before.size()), before) &&
           iequals(origin.substr(origin.size() - after.size()), after) &&
           is_host_text(origin.substr(before.size(), origin.size() - before.size() - after.size()));
}

std::string join(const std::vector<std::string>& values) {
    std::string text;
    for (const auto& v : values) {
        if (!text.empty()) text += ", ";
        text += v;
    }
    return text;
}

/// A list of the filter, or what the client asked for where the list is `*` and credentials forbid
/// that answer.
void add_list(response_fields& out, std::string_view name, const std::vector<std::string>& values,
              bool credentials, std::string_view requested) {
    if (values.empty()) return;
    if (!contains_star(values)) {
        out.emplace_back(name, join(values));
    } else if (!credentials) {
        out.emplace_back(name, "*");
    } else if (!requested.empty()) {
        out.emplace_back(name, requested);
    }
}

/// Whether every origin gets the same answer.
bool answers_star(const config::cors_filter& cors) {
    return contains_star(cors.allow_origins) && !cors.allow_credentials;
}

/// For an origin that is not let in, or none: a cache must not give this answer to one that is.
response_fields refused_fields(const config::cors_filter& cors) {
    if (answers_star(cors) || cors.allow_origins.empty()) return {};
    return {{"vary", "Origin"}};
}

response_fields common_fields(const config::cors_filter& cors, std::string_view origin) {
    response_fields out;
    const bool any = answers_star(cors);
    out.emplace_back("access-control-allow-origin", any ? std::string("*") : std::string(origin));
    if (cors.allow_credentials) out.emplace_back("access-control-allow-credentials", "true");
    add_list(out, "access-control-expose-headers", cors.expose_headers, cors.allow_credentials, {});
    if (!any) out.emplace_back("vary", "Origin");
    return out;
}

}  // namespace

bool is_cors_preflight(std::string_view method, const http::field_list& request) {
    return method == "OPTIONS" && request.has("origin") &&
           request.has("access-control-request-method");
}

bool origin_allowed(const config::cors_filter& cors, std::string_view origin) {
    return std::any_of(
        cors.allow_origins.begin(), cors.allow_origins.end(),
        [&](const auto& pattern) { return pattern == "*" || origin_fits(pattern, origin); });
}

response_fields cors_preflight_fields(const config::cors_filter& cors,
                                      const http::field_list& request) {
    const auto origin = request.get("origin");
    if (origin.empty() || !origin_allowed(cors, origin)) return refused_fields(cors);
    auto out = common_fields(cors, origin);
    add_list(out, "access-control-allow-methods", cors.allow_methods, cors.allow_credentials,
             request.get("access-control-request-method"));
    add_list(out, "access-control-allow-headers", cors.allow_headers, cors.allow_credentials,
             request.get("access-control-request-headers"));
    out.emplace_back("access-control-max-age", std::to_string(cors.max_age_seconds));
    return out;
}

response_fields cors_response_fields(const config::cors_filter& cors,
                                     const http::field_list& request) {
    const auto origin = request.get("origin");
    if (origin.empty() || !origin_allowed(cors, origin)) return refused_fields(cors);
    return common_fields(cors, origin);
}

bool is_cors_response_field(std::string_view name) {
    for (const auto* own : {"access-control-allow-origin", "access-control-allow-credentials",
                            "access-control-expose-headers", "access-control-allow-methods",
                            "access-control-allow-headers", "access-control-max-age"}) {
        if (iequals(name, own)) return true;
    }
    return false;
}

}  // namespace weir::gateway
