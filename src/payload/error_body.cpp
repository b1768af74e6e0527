#include "payload/error_body.hpp"

#include "base/json.hpp"
#include "base/strings.hpp"

namespace weir::payload {
namespace {

std::string_view type_of(int status) {
    switch (status) {
        case 400:
        case 408:
        case 413:
        case 414:
        case 415:
        case 431:
            return "invalid_request_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        case 503:
            return "service_unavailable";
        default:
            return "server_error";
    }
}

bool speaks_anthropic(const error_facts& facts) {
    return facts.api == api_kind::messages || facts.api == api_kind::count_tokens ||
           facts.path.starts_with("/v1/messages");
}

void text_or_null(json_writer& out, std::string_view key, std::string_view text) {
    out.key(key);
    if (text.empty()) {
        out.null();
    } else {
        out.value(text);
    }
}

std::string anthropic_envelope(const error_facts& facts) {
    json_writer out;
    out.begin_object().field("type", "error").key("error").begin_object();
    out.field("type", type_of(facts.status)).field("message", facts.message).end_object();
    text_or_null(out, "request_id", facts.request_id);
    out.end_object();
    return out.take();
}

std::string openai_envelope(const error_facts& facts) {
    json_writer out;
    out.begin_object().key("error").begin_object();
    out.field("message", facts.message).field("type", type_of(facts.status));
    text_or_null(out, "param", facts.param);
    text_or_null(out, "code", facts.reason);
    out.end_object().end_object();
    return out.take();
}

std::string envelope(const error_facts& facts) {
    return speaks_anthropic(facts) ? anthropic_envelope(facts) : openai_envelope(facts);
}

// Cuts the part before the next `separator` outside a quoted string off `rest` (RFC 9110, 5.6.4).
std::string_view next_part(std::string_view& rest, char separator) {
    bool quoted = false;
    std::size_t i = 0;
    for (; i < rest.size(); ++i) {
        if (quoted && rest[i] == '\\') {
            ++i;
        } else if (rest[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && rest[i] == separator) {
            break;
        }
    }
    const auto part = rest.substr(0, i);
    rest.remove_prefix(i < rest.size() ? i + 1 : rest.size());
    return trim(part);
}

// RFC 9110, 12.4.2: `q=0` means the type is not acceptable.
bool is_refused(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto parameter = next_part(parameters, ';');
        if (parameter.size() < 2 || !iequals(parameter.substr(0, 2), "q=")) continue;
        const auto weight = parse_double(trim(parameter.substr(2)));
        return weight && *weight <= 0;
    }
    return false;
}

}  // namespace

bool accepts_json(std::string_view accept) {
    bool json = false;
    while (!accept.empty()) {
        auto element = next_part(accept, ',');
        const auto type = next_part(element, ';');
        const bool is_json = iequals(type, "application/json");
        if (!is_json && !iequals(type, "text/plain")) continue;
        if (is_refused(element)) continue;
        if (!is_json) return false;
        json = true;
    }
    return json;
}

error_body make_error_body(const error_facts& facts) {
    const bool json = facts.format == error_format::json ||
                      (facts.format == error_format::automatic && accepts_json(facts.accept));
    if (json) return {envelope(facts), "application/json"};
    if (facts.status == 404) return {};
    return {std::string(facts.message), "text/plain"};
}

std::string make_error_event(const error_facts& facts) {
    const std::string_view lead = speaks_anthropic(facts) ? "event: error\ndata: " : "data: ";
    return std::string(lead) + envelope(facts) + "\n\n";
}

}  // namespace weir::payload
