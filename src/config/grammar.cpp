#include "config/grammar.hpp"

#include <arpa/inet.h>

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/strings.hpp"

namespace weir::config {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// A lower-case label of any length.
bool is_label(std::string_view s) {
    if (s.empty() || s.front() == '-' || s.back() == '-') return false;
    return std::all_of(s.begin(), s.end(),
                       [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_subdomain(std::string_view s) {
    const auto parts = split(s, '.');
    return std::all_of(parts.begin(), parts.end(), is_label);
}

bool is_name_part(std::string_view s) {
    if (s.empty() || s.size() > 63 || !is_alnum(s.front()) || !is_alnum(s.back())) return false;
    return std::all_of(s.begin(), s.end(),
                       [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::optional<std::string> port_problem(std::string_view s) {
    const auto port = parse_int(s);
    if (port && *port >= 1 && *port <= 65535 && is_digit(s.front())) return std::nullopt;
    return "the port must be a number between 1 and 65535";
}

}  // namespace

bool is_dns_label(std::string_view s) { return s.size() <= 63 && is_label(s); }

bool is_dns_subdomain(std::string_view s) { return s.size() <= 253 && is_subdomain(s); }

bool is_label_key(std::string_view s) {
    const auto slash = s.find('/');
    if (slash == std::string_view::npos) return is_name_part(s);
    return is_dns_subdomain(s.substr(0, slash)) && is_name_part(s.substr(slash + 1));
}

bool is_label_value(std::string_view s) { return s.empty() || is_name_part(s); }

bool is_header_name(std::string_view s) {
    if (s.empty() || s.size() > 256) return false;
    return std::all_of(s.begin(), s.end(), [](char c) {
        return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool is_ip_address(std::string_view s) {
    std::array<unsigned char, sizeof(in6_addr)> out{};
    const std::string z(s);
    return inet_pton(AF_INET, z.c_str(), out.data()) == 1 ||
           inet_pton(AF_INET6, z.c_str(), out.data()) == 1;
}

std::optional<std::string> hostname_problem(std::string_view s, bool wildcard) {
    if (s.empty()) return "must not be empty";
    if (s.size() > 253) return "must have at most 253 characters";
    if (is_ip_address(s)) return "must be a name, not an IP address";
    if (s.find("://") != std::string_view::npos) return "must be a bare name without a scheme";
    if (s.find(':') != std::string_view::npos) return "must be a bare name without a port";
    if (s.find('/') != std::string_view::npos) return "must be a bare name without a path";
    const bool starred = s.starts_with("*.");
    if (starred && !wildcard) return "must not have a wildcard";
    const auto rest = starred ? s.substr(2) : s;
    if (rest.find('*') != std::string_view::npos) {
        return wildcard ? "may have a wildcard only as its whole first label, as in *.example.com"
                        : "must not have a wildcard";
    }
    if (std::any_of(rest.begin(), rest.end(), is_upper)) return "must be lower case";
    if (rest.ends_with('.')) return "must not end with a dot";
    if (!is_subdomain(rest)) return "must be labels of letters, digits and `-`, joined by dots";
    return std::nullopt;
}

std::optional<std::string> path_problem(std::string_view s) {
    if (!s.starts_with('/')) return "must start with `/`";
    for (const std::string_view bad : {"//", "/./", "/../", "%2f", "%2F", "#"}) {
        if (s.find(bad) != std::string_view::npos)
            return "must not contain `" + std::string(bad) + "`";
    }
    for (const std::string_view bad : {"/..", "/."}) {
        if (s.ends_with(bad)) return "must not end with `" + std::string(bad) + "`";
    }
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '%') {
            if (i + 2 >= s.size() || !is_hex(s[i + 1]) || !is_hex(s[i + 2]))
                return "has a `%` without two hexadecimal digits";
        } else if (!is_alnum(s[i]) &&
                   std::string_view("-/._~!$&'()*+,;=:@").find(s[i]) == std::string_view::npos) {
            return s[i] == '?'
                       ? "must not have a query; match it with queryParams"
                       : "has a character that a path cannot have; write it percent-encoded";
        }
    }
    return std::nullopt;
}

std::optional<std::string> origin_problem(std::string_view s) {
    if (s == "*") return std::nullopt;
    const auto colon = s.find("://");
    if (colon == std::string_view::npos || colon == 0)
        return "must be `*` or look like https://example.com";
    const auto scheme = s.substr(0, colon);
    if (!std::all_of(scheme.begin(), scheme.end(),
                     [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; })) {
        return "must be `*` or look like https://example.com";
    }
    auto host = s.substr(colon + 3);
    if (host.find('/') != std::string_view::npos) return "must not have a path or a trailing `/`";
    const auto port_at = host.rfind(':');
    if (port_at != std::string_view::npos && host.find(']', port_at) == std::string_view::npos) {
        if (port_at + 1 == host.size()) return "the port must be a number between 1 and 65535";
        if (auto problem = port_problem(host.substr(port_at + 1))) return problem;
        host = host.substr(0, port_at);
    }
    if (host.empty()) return "must name a host";
    const auto star = host.rfind('*');
    if (star != std::string_view::npos && star != 0)
        return "may have a wildcard only at the start of the host";
    return std::nullopt;
}

std::optional<std::string> regex_problem(std::string_view s) {
    RE2::Options options;
    options.set_log_errors(false);
    const RE2 compiled(re2::StringPiece(s.data(), s.size()), options);
    if (compiled.ok()) return std::nullopt;
    return compiled.error();
}

std::optional<std::chrono::nanoseconds> parse_gateway_duration(std::string_view s) {
    std::chrono::nanoseconds sum{0};
    int parts = 0;
    while (!s.empty()) {
        std::size_t digits = 0;
        std::int64_t number = 0;
        while (digits < 6 && digits < s.size() && is_digit(s[digits]))
            number = number * 10 + (s[digits++] - '0');
        if (digits == 0 || digits > 5 || ++parts > 4) return std::nullopt;
        s.remove_prefix(digits);
        std::int64_t unit_ns = 0;
        if (s.starts_with("ms")) {
            unit_ns = 1'000'000;
            s.remove_prefix(2);
        } else if (s.starts_with('h') || s.starts_with('m') || s.starts_with('s')) {
            unit_ns = s.front() == 'h'   ? 3'600'000'000'000
                      : s.front() == 'm' ? 60'000'000'000
                                         : 1'000'000'000;
            s.remove_prefix(1);
        } else {
            return std::nullopt;
        }
        sum += std::chrono::nanoseconds(number * unit_ns);
    }
    if (parts == 0) return std::nullopt;
    return sum;
}

std::optional<std::string> decode_base64(std::string_view s) {
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    std::size_t symbols = 0;
    std::size_t padding = 0;
    for (const char c : s) {
        if (c == '\n' || c == '\r') continue;
        ++symbols;
        if (c == '=') {
            ++padding;
            continue;
        }
        if (padding != 0) return std::nullopt;
        std::uint32_t value = 0;
        if (is_upper(c)) {
            value = static_cast<std::uint32_t>(c - 'A');
        } else if (is_lower(c)) {
            value = static_cast<std::uint32_t>(c - 'a') + 26;
        } else if (is_digit(c)) {
            value = static_cast<std::uint32_t>(c - '0') + 52;
        } else if (c == '+' || c == '/') {
            value = c == '+' ? 62 : 63;
        } else {
            return std::nullopt;
        }
        bits = (bits << 6U) | value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out += static_cast<char>(
                static_cast<unsigned char>((bits >> static_cast<unsigned>(have)) & 0xFFU));
        }
    }
    if (symbols % 4 != 0 || padding > 2) return std::nullopt;
    return out;
}

std::optional<std::string> address_problem(std::string_view s) {
    if (s.empty()) return "must not be empty";
    if (s.find("://") != std::string_view::npos) return "must be an address without a scheme";
    if (s.find('/') != std::string_view::npos) return "must be an address without a path";
    if (s.front() == '[') {
        const auto close = s.find(']');
        if (close == std::string_view::npos || !is_ip_address(s.substr(1, close - 1))) {
            return "must have an IPv6 address between the brackets";
        }
        const auto rest = s.substr(close + 1);
        if (rest.empty()) return std::nullopt;
        if (rest.front() != ':' || rest.size() == 1)
            return "must have only `:port` behind the brackets";
        return port_problem(rest.substr(1));
    }
    if (is_ip_address(s)) return std::nullopt;
    const auto colon = s.rfind(':');
    const auto host = s.substr(0, colon);
    if (colon != std::string_view::npos) {
        if (colon + 1 == s.size()) return "the port must be a number between 1 and 65535";
        if (host.find(':') != std::string_view::npos)
            return "must have an IPv6 address in brackets before `:port`";
        if (auto problem = port_problem(s.substr(colon + 1))) return problem;
    }
    if (is_ip_address(host)) return std::nullopt;
    const bool dotted = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return is_digit(c) || c == '.';
    });
    if (dotted) return "is not an IP address";
    if (!is_dns_subdomain(to_lower(host)))
        return "must be an IP address or a DNS name, with an optional `:port`";
    return std::nullopt;
}

}  // namespace weir::config
