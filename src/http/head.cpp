#include "http/head.hpp"

#include <boost/beast/http/status.hpp>

#include <array>
#include <limits>

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "http/head_scan.hpp"

namespace weir::http {
namespace {

namespace beast = boost::beast::http;

head_outcome refuse(int status, std::string_view reason, std::string message) {
    head_outcome out;
    out.what = head_outcome::kind::refused;
    out.why = {status, reason, std::move(message)};
    return out;
}

head_outcome bad_request(std::string message) {
    return refuse(400, "bad-request", "malformed request: " + std::move(message));
}

/// The first bytes for a log: printable ones as they are, the rest as \xNN.
std::string quoted(std::string_view bytes) {
    std::string out = "\"";
    for (const char c : bytes.substr(0, 32)) {
        const auto u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u < 0x7F && c != '"' && c != '\\') {
            out += c;
        } else {
            append_code(out, c);
        }
    }
    return out + '"';
}

head_outcome bad_response(std::string message) {
    return refuse(502, "bad-upstream", std::move(message));
}

/// What a request target may hold: printable, and nothing that servers understand differently.
constexpr std::array<bool, 256> make_target_table() {
    std::array<bool, 256> table{};
    for (int c = 0x21; c < 0x7F; ++c) table[static_cast<std::size_t>(c)] = c != '\\' && c != '#';
    return table;
}

constexpr auto target_table = make_target_table();

/// Splits a request line. Returns the fault in it, or null; `status` is what to answer then.
const char* split_request_line(std::string_view line, request_head& out, int& status) {
    status = 400;
    const auto method_end = line.find(' ');
    if (method_end == std::string_view::npos) return "request line without a target";
    const auto method = line.substr(0, method_end);
    if (!is_token(method) || method.size() > 32) return "bad method";
    for (const char c : method) {
        if (c >= 'a' && c <= 'z') return "methods are upper case";
    }
    line.remove_prefix(method_end + 1);
    const auto target_end = line.find(' ');
    if (target_end == std::string_view::npos) return "request line without a version";
    const auto target = line.substr(0, target_end);
    const auto version = line.substr(target_end + 1);
    if (target.empty()) return "two spaces in the request line";
    for (const char c : target) {
        if (target_table[static_cast<unsigned char>(c)]) continue;
        if (c == '\\') return "backslash in the request target";
        if (c == '#') return "fragment in the request target";
        return "bad byte in the request target";
    }
    if (target.find("%00") != std::string_view::npos) return "%00 in the request target";
    out.method = method;
    out.target = target;
    out.version_minor = version.ends_with('1') ? 1 : 0;
    if (version == "HTTP/1.1" || version == "HTTP/1.0") return nullptr;
    if (version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.') {
        status = 505;
        return "HTTP version not supported, weir speaks HTTP/1.1 and HTTP/1.0";
    }
    return "bad HTTP version";
}

/// What RFC 3986 lets a registered name hold: unreserved, sub-delims and percent signs.
constexpr std::array<bool, 256> make_host_table() {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (const char c : std::string_view("-._~!$&'()*+,;=%")) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr auto host_table = make_host_table();

bool valid_host(std::string_view host) {
    std::string_view name = host;
    std::string_view port;
    if (host.starts_with('[')) {
        const auto close = host.find(']');
        if (close == std::string_view::npos) return false;
        name = host.substr(1, close - 1);
        const auto rest = host.substr(close + 1);
        if (!rest.empty() && rest.front() != ':') return false;
        port = rest.empty() ? rest : rest.substr(1);
        for (const char c : name) {
            const bool hex =
                (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            if (!hex && c != ':' && c != '.') return false;
        }
    } else {
        const auto colon = host.find(':');
        if (colon != std::string_view::npos) {
            name = host.substr(0, colon);
            port = host.substr(colon + 1);
        }
        for (const char c : name) {
            if (!host_table[static_cast<unsigned char>(c)]) return false;
        }
    }
    if (name.empty() || port.size() > 5) return false;
    for (const char c : port) {
        if (c < '0' || c > '9') return false;
    }
    return true;
}

/// Digits only, as RFC 9110 8.6 has them; nothing on overflow.
bool parse_length(std::string_view s, std::uint64_t& out) {
    if (s.empty() || s.size() > 19) return false;
    out = 0;
    for (const char c : s) {
        if (c < '0' || c > '9') return false;
        out = out * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return out <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

constexpr std::string_view continue_expected = "100-continue";

/// The fields both kinds of head need for framing, gathered in one walk.
struct framing_fields {
    int hosts = 0;
    int lengths = 0;
    int codings = 0;
    std::string_view host, length, coding, expect;
    bool close = false;
    bool keep_alive = false;
    bool upgrade_token = false;
    bool upgrade = false;
    bool bad_connection = false;
};

void read_connection(std::string_view value, framing_fields& out) {
    for (const auto part : split(value, ',')) {
        const auto token = trim(part);
        out.bad_connection = out.bad_connection || (!token.empty() && !is_token(token));
        out.close = out.close || iequals(token, "close");
        out.keep_alive = out.keep_alive || iequals(token, "keep-alive");
        out.upgrade_token = out.upgrade_token || iequals(token, "upgrade");
    }
}

framing_fields gather(const field_list& fields) {
    framing_fields out;
    for (const auto& [name, value] : fields) {
        switch (name.size()) {
            case 4:
                if (iequals(name, "host")) {
                    ++out.hosts;
                    out.host = value;
                }
                break;
            case 6:
                // Of several the one that cannot be met counts.
                if (iequals(name, "expect") &&
                    (out.expect.empty() || iequals(out.expect, continue_expected)))
                    out.expect = value;
                break;
            case 7:
                if (iequals(name, "upgrade")) out.upgrade = true;
                break;
            case 10:
                if (iequals(name, "connection")) read_connection(value, out);
                break;
            case 14:
                if (iequals(name, "content-length")) {
                    ++out.lengths;
                    out.length = value;
                }
                break;
            case 17:
                if (iequals(name, "transfer-encoding")) {
                    ++out.codings;
                    out.coding = value;
                }
                break;
            default:
                break;
        }
    }
    return out;
}

bool is_http(std::string_view scheme) {
    return iequals(scheme, "http") || iequals(scheme, "https");
}

/// Host, target form, framing and expectations of a request that was split into fields.
head_outcome check_request(const framing_fields& f, request_head& out) {
    if (f.bad_connection) return bad_request("bad Connection");
    if (f.hosts > 1) return bad_request("more than one Host");
    if (f.hosts == 0 && out.version_minor == 1) return bad_request("no Host");
    if (f.hosts == 1 && !(f.host.empty() && out.version_minor == 0) && !valid_host(f.host)) {
        return bad_request("bad Host");
    }
    out.host = f.host;
    if (out.target.front() != '/') {
        const auto scheme = out.target.find("://");
        if (scheme != std::string_view::npos && is_http(out.target.substr(0, scheme))) {
            const auto rest = out.target.substr(scheme + 3);
            const auto path = rest.find_first_of("/?");
            out.host = rest.substr(0, path);
            if (!valid_host(out.host)) return bad_request("bad authority in the request target");
            out.fields.replace("host", out.host);  // which is to be ignored then (RFC 9112 3.2.2)
            out.target = path == std::string_view::npos ? std::string_view("/") : rest.substr(path);
        } else if (out.method == "CONNECT") {
            return refuse(405, "bad-request", "CONNECT is not supported");
        } else if (!(out.target == "*" && out.method == "OPTIONS")) {
            return bad_request("the request target must begin with a slash");
        }
    }
    if (out.method == "CONNECT" || out.method == "TRACE") {
        return refuse(405, "bad-request", std::string(out.method) + " is not supported");
    }
    if (f.codings != 0) {
        if (f.lengths != 0) return bad_request("both Content-Length and Transfer-Encoding");
        if (f.codings > 1) return bad_request("more than one Transfer-Encoding");
        if (out.version_minor == 0) return bad_request("Transfer-Encoding in HTTP/1.0");
        if (!iequals(f.coding, "chunked")) {
            if (!is_token(f.coding)) return bad_request("bad Transfer-Encoding");
            return refuse(501, "bad-request", "transfer coding not supported, only chunked is");
        }
        out.body = framing::chunked;
    } else if (f.lengths != 0) {
        if (f.lengths > 1) return bad_request("more than one Content-Length");
        if (!parse_length(f.length, out.content_length)) return bad_request("bad Content-Length");
        out.body = out.content_length == 0 ? framing::none : framing::length;
    }
    if (!f.expect.empty()) {
        if (!iequals(f.expect, continue_expected)) {
            return refuse(417, "bad-request", "expectation not supported, only 100-continue is");
        }
        out.expect_continue = out.version_minor == 1;
    }
    out.upgrade = f.upgrade && f.upgrade_token;
    out.keep_alive = out.version_minor == 1 ? !f.close : (f.keep_alive && !f.close);
    return {};
}

/// Splits a status line. Returns the fault in it, or null.
const char* split_status_line(std::string_view line, response_head& out) {
    if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return "bad status line";
    const auto digit = [&](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
    // Some servers leave out the space before an empty reason phrase.
    if (line.size() < 12 || !digit(9) || !digit(10) || !digit(11) ||
        (line.size() > 12 && line[12] != ' ')) {
        return "bad status code";
    }
    out.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (out.status < 100) return "bad status code";
    out.reason = line.size() > 13 ? line.substr(13) : std::string_view();
    out.version_minor = line[7] == '0' ? 0 : 1;
    return nullptr;
}

/// A line that is wrong is refused as soon as it is whole: who speaks another protocol waits for an
/// answer, not for the end of a head. `checked` bytes were looked at before.
head_outcome check_first_line(std::string_view bytes, std::size_t checked, request_head& out) {
    const auto end = bytes.find("\r\n");
    if (end == std::string_view::npos || end + 2 <= checked) return {};
    if (end == 0) return bad_request("empty request line");
    int status = 400;
    const auto* fault = split_request_line(bytes.substr(0, end), out, status);
    if (fault == nullptr) return {};
    return refuse(status, "bad-request", std::string("malformed request: ") + fault);
}

head_outcome incomplete_request(std::string_view bytes, const head_limits& limits) {
    // Method, spaces and version take less than 64 bytes of the first line.
    if (bytes.size() > limits.target + 64 &&
        bytes.substr(0, limits.target + 64).find('\r') == std::string_view::npos) {
        return refuse(414, "target-too-long",
                      "request target longer than " + std::to_string(limits.target) +
                          " bytes (--max-target)");
    }
    if (bytes.size() > limits.head) {
        return refuse(
            431, "head-too-large",
            "request head larger than " + std::to_string(limits.head) + " bytes (--max-head)");
    }
    return {};
}

}  // namespace

void field_list::replace(std::string_view name, std::string_view value) {
    for (auto& f : fields_) {
        if (iequals(f.name, name)) f.value = value;
    }
}

const field* field_list::first(std::string_view name) const {
    if ((lengths_ & length_bit(name)) == 0) return nullptr;
    for (const auto& f : fields_) {
        if (iequals(f.name, name)) return &f;
    }
    return nullptr;
}

const field* field_list::last(std::string_view name) const {
    if ((lengths_ & length_bit(name)) == 0) return nullptr;
    for (auto at = fields_.rbegin(); at != fields_.rend(); ++at) {
        if (iequals(at->name, name)) return &*at;
    }
    return nullptr;
}

std::string field_list::joined(std::string_view name) const {
    std::string out;
    join(name, out);
    return out;
}

void field_list::join(std::string_view name, std::string& out) const {
    out.clear();
    if ((lengths_ & length_bit(name)) == 0) return;
    bool comma = false;
    for (const auto& f : fields_) {
        if (!iequals(f.name, name)) continue;
        if (comma) out += ", ";
        out += f.value;
        comma = true;
    }
}

head_outcome parse_request(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                           request_head& out) {
    // A refusal looks at the head: it must not find a request before this one there.
    out.fields.clear();
    out.method = out.target = out.host = {};
    // One empty line before the request line is tolerated (RFC 9112 2.2).
    const std::size_t lead = bytes.starts_with("\r\n") ? 2 : 0;
    if (lead != 0 && scanned < lead) scanned = lead;
    const auto text = bytes.substr(lead);
    const std::size_t before = scanned - lead;
    std::size_t position = before;
    const auto scan = scan_head(text, position);
    scanned = position + lead;
    if (scan.what == head_scan::kind::bad_byte) {
        if (text.starts_with("\x16\x03")) return bad_request("TLS on a plain port");
        auto line = check_first_line(text.substr(0, scan.end), before, out);
        if (line.what == head_outcome::kind::refused) return line;
        return bad_request("control byte or bare line end in the head");
    }
    if (scan.what == head_scan::kind::incomplete) {
        auto large = incomplete_request(text, limits);
        if (large.what == head_outcome::kind::refused) return large;
        return check_first_line(text, before, out);
    }
    const auto head = text.substr(0, scan.end);
    const auto line_end = head.find('\r');
    if (line_end == 0) return bad_request("empty request line");
    int status = 400;
    if (line_end > limits.target) {
        const auto target = head.substr(0, line_end).find(' ');
        if (target != std::string_view::npos && line_end - target > limits.target + 10) {
            return refuse(414, "target-too-long",
                          "request target longer than " + std::to_string(limits.target) +
                              " bytes (--max-target)");
        }
    }
    if (head.size() > limits.head) return incomplete_request(head, limits);
    if (const auto* fault = split_request_line(head.substr(0, line_end), out, status)) {
        return refuse(status, "bad-request", std::string("malformed request: ") + fault);
    }
    bool too_many = false;
    if (const auto* fault =
            split_field_lines(head.substr(line_end + 2), limits.fields, too_many, out.fields)) {
        // What shapes the refusal may stand behind the fault: see `salvage_fields`.
        out.fields.clear();
        if (too_many) {
            return refuse(431, "head-too-large",
                          "more than " + std::to_string(limits.fields) + " fields (--max-fields)");
        }
        return bad_request(fault);
    }
    const auto f = gather(out.fields);
    out.body = framing::none;
    out.content_length = 0;
    out.expect_continue = false;
    auto checked = check_request(f, out);
    if (checked.what == head_outcome::kind::refused) return checked;
    checked.what = head_outcome::kind::complete;
    checked.consumed = lead + scan.end;
    return checked;
}

void salvage_fields(std::string_view bytes, request_head& out) {
    std::size_t scanned = 0;
    const auto scan = scan_head(bytes, scanned);
    if (scan.what == head_scan::kind::bad_byte) bytes = bytes.substr(0, scan.end);
    auto end = bytes.find("\r\n", bytes.starts_with("\r\n") ? 2 : 0);
    while (end != std::string_view::npos) {
        const auto begin = end + 2;
        end = bytes.find("\r\n", begin);
        if (end == std::string_view::npos || end == begin) return;
        const auto line = bytes.substr(begin, end - begin);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const auto name = line.substr(0, colon);
        if (iequals(name, "accept") || iequals(name, "x-request-id")) {
            out.fields.add(name, trim(line.substr(colon + 1)));
        }
    }
}

head_outcome parse_response(std::string_view bytes, std::size_t& scanned, std::string_view method,
                            response_head& out) {
    constexpr std::size_t max_head = 256 * 1024;
    constexpr std::size_t max_fields = 1000;
    if (bytes.size() >= 5 ? !bytes.starts_with("HTTP/")
                          : !std::string_view("HTTP/").starts_with(bytes)) {
        return bad_response("the answer does not begin with HTTP/ but with " + quoted(bytes));
    }
    const auto scan = scan_head(bytes, scanned);
    if (scan.what == head_scan::kind::bad_byte) {
        return bad_response("control byte or bare line end in the answer's head");
    }
    if (scan.what == head_scan::kind::incomplete || scan.end > max_head) {
        if (bytes.size() > max_head)
            return bad_response("the answer's head is larger than 256 KiB");
        return {};
    }
    const auto head = bytes.substr(0, scan.end);
    const auto line_end = head.find('\r');
    const auto line = head.substr(0, line_end);
    if (const auto* fault = split_status_line(line, out)) return bad_response(fault);
    bool too_many = false;
    out.fields.clear();
    if (const auto* fault =
            split_field_lines(head.substr(line_end + 2), max_fields, too_many, out.fields)) {
        return bad_response(fault);
    }
    const auto f = gather(out.fields);
    if (f.bad_connection) return bad_response("bad Connection");
    if (f.codings > 1 || (f.codings == 1 && f.lengths != 0)) {
        return bad_response("both Content-Length and Transfer-Encoding, or one of them twice");
    }
    if (f.lengths > 1) return bad_response("more than one Content-Length");
    std::uint64_t length = 0;
    if (f.lengths == 1 && !parse_length(f.length, length))
        return bad_response("bad Content-Length");
    if (f.codings == 1 && (!iequals(f.coding, "chunked") || out.version_minor == 0)) {
        return bad_response("transfer coding not supported");
    }
    out.content_length = length;
    if (out.status < 200 || out.status == 204 || out.status == 304 || method == "HEAD") {
        out.body = framing::none;
    } else if (f.codings == 1) {
        out.body = framing::chunked;
    } else if (f.lengths == 1) {
        out.body = framing::length;
    } else {
        out.body = framing::until_close;
    }
    out.keep_alive = out.body != framing::until_close &&
                     (out.version_minor == 1 ? !f.close : (f.keep_alive && !f.close));
    head_outcome result;
    result.what = head_outcome::kind::complete;
    result.consumed = scan.end;
    return result;
}

std::string_view reason_phrase(int status) {
    if (status == 103) return "Early Hints";  // younger than the list
    const auto s = beast::obsolete_reason(static_cast<beast::status>(status));
    if (s == "<unknown-status>") return status == 529 ? "Overloaded" : "Unknown";
    return {s.data(), s.size()};
}

}  // namespace weir::http
