#include "proxy/header_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/strings.hpp"
#include "http/head_writer.hpp"

namespace weir::proxy {
namespace {

struct known_field {
    std::string_view name;
    field_class what;
};

// Sorted by length, so that a name is compared with the few as long as itself.
constexpr std::array known = {
    known_field{"te", field_class::hop_by_hop},
    known_field{"via", field_class::own},
    known_field{"host", field_class::own},
    known_field{"expect", field_class::hop_by_hop},
    known_field{"trailer", field_class::hop_by_hop},
    known_field{"upgrade", field_class::hop_by_hop},
    known_field{"connection", field_class::hop_by_hop},
    known_field{"keep-alive", field_class::hop_by_hop},
    known_field{"x-request-id", field_class::own},
    known_field{"x-slo-ttft-ms", field_class::control},
    known_field{"x-slo-tpot-ms", field_class::control},
    known_field{"content-length", field_class::framing},
    known_field{"http2-settings", field_class::hop_by_hop},
    known_field{"x-forwarded-for", field_class::own},
    known_field{"x-forwarded-host", field_class::own},
    known_field{"proxy-connection", field_class::hop_by_hop},
    known_field{"transfer-encoding", field_class::framing},
    known_field{"x-forwarded-proto", field_class::own},
    known_field{"proxy-authenticate", field_class::hop_by_hop},
    known_field{"proxy-authorization", field_class::hop_by_hop},
    known_field{"x-prefiller-host-port", field_class::control},
    known_field{"x-encoder-hosts-ports", field_class::control},
    known_field{"x-went-into-resp-headers", field_class::control},
    known_field{"x-data-parallel-host-port", field_class::control},
    known_field{"test-epp-endpoint-selection", field_class::control},
    known_field{"x-kv-cache-source-host-port", field_class::control},
};

static_assert(std::is_sorted(known.begin(), known.end(), [](const auto& a, const auto& b) {
    return a.name.size() < b.name.size();
}));

constexpr std::size_t longest_known = known.back().name.size();

// known[first_of[n]] is the first name of length n or more.
constexpr auto first_of = [] {
    std::array<std::uint8_t, longest_known + 2> table{};
    for (std::size_t n = 0; n < table.size(); ++n) {
        std::uint8_t i = 0;
        while (i < known.size() && known[i].name.size() < n) ++i;
        table[n] = i;
    }
    return table;
}();

constexpr std::array<std::string_view, 6> control_prefixes = {
    "x-gateway-inference-",
    "x-gateway-destination-endpoint",
    "x-gateway-model-name-rewrite",
    "x-llm-d-",
    "x-weir-",
    "x-slo-t",
};

/// Bytes that the head gains on its way: fields of the gateway's own, Content-Length, the plugins'.
constexpr std::size_t usual_additions = 512;

field_class class_of(std::string_view name) {
    const auto length = std::min(name.size(), longest_known + 1);
    const auto end = length > longest_known ? known.size() : first_of[length + 1];
    for (std::size_t i = first_of[length]; i < end; ++i) {
        if (iequals(name, known[i].name)) return known[i].what;
    }
    if (!name.empty() && (name.front() | 0x20) == 'x') {
        for (const auto prefix : control_prefixes) {
            if (iequals(name.substr(0, prefix.size()), prefix)) return field_class::control;
        }
    }
    return field_class::end_to_end;
}

/// An underscore twin is another field here and the same one behind a WSGI server: what weir sets
/// or strips must not come in through it.
bool is_twin(std::string_view name) {
    std::array<char, 32> dashes{};  // no name that matters and no prefix is longer
    static_assert(longest_known < 32);
    const auto size = std::min(name.size(), dashes.size());
    std::replace_copy(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size),
                      dashes.begin(), '_', '-');
    return class_of({dashes.data(), size}) != field_class::end_to_end;
}

// Sorted. What RFC 9110 6.5.1 excludes beyond the fields of one connection and of the gateway:
// authentication, control data and the description of the content.
constexpr std::array<std::string_view, 18> only_in_heads = {
    "age",           "authorization",    "cache-control", "content-encoding",
    "content-range", "content-type",     "cookie",        "date",
    "expires",       "location",         "max-forwards",  "pragma",
    "range",         "retry-after",      "set-cookie",    "vary",
    "warning",       "www-authenticate",
};

bool is_written_here(std::string_view name) {
    return classify_field(name) == field_class::own && !iequals(name, "host");
}

}  // namespace

field_class classify_field(std::string_view name) {
    const auto what = class_of(name);
    if (what != field_class::end_to_end || name.find('_') == std::string_view::npos) return what;
    return is_twin(name) ? field_class::control : what;
}

bool may_be_trailer(std::string_view name) {
    return classify_field(name) == field_class::end_to_end &&
           !std::binary_search(only_in_heads.begin(), only_in_heads.end(), to_lower(name));
}

bool takes_trailers(const http::field_list& request) {
    for (const auto& [name, value] : request) {
        if (name.size() != 2 || !iequals(name, "te")) continue;
        for (const auto coding : split(value, ',')) {
            if (iequals(trim(coding), "trailers")) return true;
        }
    }
    return false;
}

std::string passing_trailers(std::string_view lines) {
    std::string out;
    while (!lines.empty()) {
        const auto size = lines.find("\r\n") + 2;
        const auto line = lines.substr(0, size);
        lines.remove_prefix(size);
        if (may_be_trailer(line.substr(0, line.find(':')))) out += line;
    }
    return out;
}

bool announces_passing_trailers(std::string_view value) {
    const auto names = split(value, ',');
    return std::all_of(names.begin(), names.end(),
                       [](std::string_view name) { return may_be_trailer(trim(name)); });
}

nominated_fields::nominated_fields(const http::field_list& fields) {
    for (const auto& [name, value] : fields) {
        if (name.size() != 10 || !iequals(name, "connection")) continue;
        for (const auto part : split(value, ',')) {
            const auto token = trim(part);
            if (iequals(token, "close") || iequals(token, "keep-alive")) continue;
            if (classify_field(token) != field_class::end_to_end) continue;
            if (list_.empty()) list_ = ",";
            list_ += to_lower(token) + ",";
        }
    }
}

bool nominated_fields::contains(std::string_view name) const {
    if (list_.empty()) return false;
    return list_.find("," + to_lower(name) + ",") != std::string::npos;
}

void append_upstream_head(std::string& out, std::string_view method, std::string_view target,
                          const http::field_list& fields, const forwarding_facts& facts) {
    http::head_writer head(
        out, method.size() + target.size() + fields.bytes() + 4 * fields.size() + usual_additions);
    head.text(method).text(" ").text(target).text(" HTTP/1.1\r\n");
    const auto host = !facts.new_host.empty() ? facts.new_host
                      : !facts.host.empty()   ? facts.host
                                              : facts.authority;
    head.field("host", host);
    const nominated_fields nominated(fields);
    std::string_view forwarded_for;
    std::string_view via;
    std::string joined_for;
    std::string joined_via;
    for (const auto& [name, value] : fields) {
        switch (classify_field(name)) {
            case field_class::end_to_end:
                if (!nominated.empty() && nominated.contains(name)) break;
                if (facts.drop_accept_encoding && iequals(name, "accept-encoding")) break;
                head.field(name, value);
                break;
            case field_class::own: {
                const bool is_for = name.size() == 15;
                const bool is_via = name.size() == 3;
                if (!is_for && !is_via) break;
                auto& one = is_for ? forwarded_for : via;
                auto& many = is_for ? joined_for : joined_via;
                if (one.empty()) {
                    one = value;
                } else {
                    if (many.empty()) many = one;
                    many.append(", ").append(value);
                    one = many;
                }
                break;
            }
            case field_class::hop_by_hop:
            case field_class::framing:
            case field_class::control:
                break;
        }
    }
    if (facts.takes_trailers) head.field("te", "trailers");
    head.field("x-request-id", facts.request_id);
    head.text("x-forwarded-for: ");
    if (!forwarded_for.empty()) head.text(forwarded_for).text(", ");
    head.text(facts.peer_ip).text("\r\n");
    head.field("x-forwarded-proto", facts.proto);
    if (!facts.host.empty()) head.field("x-forwarded-host", facts.host);
    head.text("via: ");
    if (!via.empty()) head.text(via).text(", ");
    head.text(facts.http10 ? "1.0 weir\r\n" : "1.1 weir\r\n");
}

void append_head_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

void remove_head_field(std::string& head, std::string_view name) {
    for (auto line = head.find("\r\n"); line != std::string::npos;) {
        const auto begin = line + 2;
        const auto end = head.find("\r\n", begin);
        if (end == std::string::npos) return;
        const auto field = std::string_view(head).substr(begin, end - begin);
        if (iequals(field.substr(0, field.find(':')), name)) {
            head.erase(begin, end + 2 - begin);
        } else {
            line = end;
        }
    }
}

void edit_own_fields(std::string& head, const config::header_edit& edit) {
    for (const auto& name : edit.remove) {
        if (is_written_here(name)) remove_head_field(head, name);
    }
    for (const auto& [name, value] : edit.set) {
        if (!is_written_here(name)) continue;
        remove_head_field(head, name);
        append_head_field(head, name, value);
    }
}

bool usable_request_id(std::string_view id) {
    if (id.empty() || id.size() > 128) return false;
    for (const char c : id) {
        if (c <= 0x20 || c >= 0x7F) return false;
    }
    return true;
}

}  // namespace weir::proxy
