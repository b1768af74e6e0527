#include "app/cli_values.hpp"

#include <CLI/Error.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "http/address.hpp"
#include "http/head.hpp"

namespace weir::app {
namespace {

/// A value as a complaint shows it: on one line, and no colours of its own.
std::string shown(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_control(c)) {
            append_code(out, c);
        } else {
            out += c;
        }
    }
    return out;
}

[[noreturn]] void bad(const std::string& text, const std::string& wanted) {
    throw CLI::ValidationError("'" + shown(text) + "' is not " + wanted);
}

/// Byte `at` of a header cannot be where it is: `where` says in what, and what belongs there.
[[noreturn]] void bad_byte(const std::string& text, std::size_t at, const std::string& where) {
    const char c = text[at];
    std::string one;
    if (c >= 0x20 && c < 0x7F) {
        one += c;
    } else {
        append_code(one, c);
    }
    bad(text, "a header: '" + one + "' at byte " + std::to_string(at + 1) + " is in its " + where);
}

std::uint16_t read_port(std::string_view text, const std::string& whole) {
    const auto port = parse_int(text);
    if (!port || *port < 1 || *port > 65535) bad(whole, "FROM=TO with two ports from 1 to 65535");
    return static_cast<std::uint16_t>(*port);
}

/// An IPv4 literal or a DNS name as they are written, or an IPv6 literal in brackets.
bool is_host(std::string_view host) {
    if (host.front() == '[') {
        return host.back() == ']' && http::address::parse(std::string(host) + ":1").has_value();
    }
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
               const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
               return letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
           });
}

}  // namespace

duration read_duration(const std::string& text) {
    const auto d = parse_go_duration(text);
    if (!d || d->count() < 0) bad(text, "a duration such as 200ms, 5s or 1m30s (0 is off)");
    return *d;
}

duration read_period(const std::string& text) {
    const auto d = parse_go_duration(text);
    if (!d || d->count() <= 0) bad(text, "a duration above zero such as 50ms");
    return *d;
}

std::size_t read_size(const std::string& text) {
    return static_cast<std::size_t>(read_bytes(text));
}

std::uint64_t read_bytes(const std::string& text) {
    const auto n = parse_quantity(text);
    if (!n) bad(text, "a number, with a suffix such as Ki, Mi or Gi if you like");
    return *n;
}

std::size_t read_limit(const std::string& text) {
    const auto n = read_size(text);
    if (n == 0) bad(text, "a number from 1 on");
    return n;
}

std::uint64_t read_whole(const std::string& text) {
    std::uint64_t n = 0;
    const auto* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, n);
    if (error != std::errc{} || at != end) bad(text, "a whole number");
    return n;
}

double read_cores(const std::string& text) {
    const auto n = parse_double(text);
    if (!n || !std::isfinite(*n) || *n <= 0) bad(text, "a number of cores above 0, such as 0.1");
    return *n;
}

double read_jitter(const std::string& text) {
    const auto n = parse_double(text);
    if (!n || !(*n >= 0 && *n <= 0.5)) bad(text, "a number from 0 to 0.5");
    return *n;
}

std::pair<std::uint16_t, std::uint16_t> read_port_map(const std::string& text) {
    const auto at = text.find('=');
    if (at == std::string::npos) bad(text, "FROM=TO with two ports from 1 to 65535");
    const std::string_view view = text;
    return {read_port(view.substr(0, at), text), read_port(view.substr(at + 1), text)};
}

sim::personality read_engine(const std::string& text) {
    const auto p = sim::parse_personality(text);
    if (!p) bad(text, "an engine (vllm, sglang, llamacpp, trtllm, tgi)");
    return *p;
}

std::string read_endpoint_url(const std::string& url) {
    // Scheme and host are the same in any case (RFC 3986 3.1, 3.2.2).
    const auto lower = to_lower(url);
    std::string_view rest = lower;
    if (rest.starts_with("https://"))
        bad(url, "supported: TLS towards endpoints is not available, use http://host:port");
    if (!rest.starts_with("http://")) bad(url, "an endpoint, use http://host:port");
    rest.remove_prefix(7);
    const auto stop = rest.find_first_of("/?#");
    if (rest.substr(0, stop).find('@') != std::string_view::npos)
        bad(url, "an endpoint: leave user and password out, use http://host:port");
    if (stop != std::string_view::npos)
        bad(url, "an endpoint: leave the path out, use http://host:port");
    const auto colon = rest.rfind(':');
    const auto bracket = rest.rfind(']');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    if (!has_port || colon == 0) bad(url, "an endpoint with a port, use http://host:port");
    const auto port = parse_int(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) bad(url, "an endpoint with a port from 1 to 65535");
    const auto host = rest.substr(0, colon);
    if (host.find(':') != std::string_view::npos && host.front() != '[')
        bad(url, "an endpoint: write IPv6 in brackets");
    if (!is_host(host)) bad(url, "an endpoint: the host is neither a name nor an IP address");
    return lower;
}

std::string read_address(const std::string& text) {
    constexpr std::string_view local = "localhost:";
    auto numeric = text;
    if (iequals(std::string_view(text).substr(0, local.size()), local))
        numeric = "127.0.0.1:" + text.substr(local.size());
    if (!http::address::parse(numeric)) {
        bad(text, "ADDR:PORT with an IP address, such as 127.0.0.1:8080 or [::1]:8080");
    }
    return numeric;
}

std::string read_admin_address(const std::string& text) {
    return text == "off" ? text : read_address(text);
}

std::string read_ip(const std::string& text) {
    const auto where = http::address::parse(text, 0);
    if (!where) bad(text, "an IP address, such as 127.0.0.1 or ::1");
    return where->ip();
}

std::string read_header(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0) bad(text, "a header, use 'Name: value'");
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (i < colon && !http::is_token({&c, 1}))
            bad_byte(text, i, "name, which has letters, digits and !#$%&'*+-.^_`|~");
        if (i > colon && is_control(c) && c != '\t')
            bad_byte(text, i, "value, which has no control characters; leave it out");
    }
    return text;
}

}  // namespace weir::app
