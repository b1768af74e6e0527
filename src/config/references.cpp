#include <algorithm>

#include "config/cures.hpp"
#include "config/grammar.hpp"
#include "config/parsers.hpp"

namespace weir::config {

namespace {

bool is_kind(std::string_view s) {
    if (s.empty() || s.size() > 63 || s.back() == '-') return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return letter(s.front()) && std::all_of(s.begin(), s.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '-';
           });
}

}  // namespace

text or_default(const std::optional<text>& given, std::string_view otherwise, const span& at) {
    return given ? *given : text{std::string(otherwise), at};
}

std::optional<text> read_group(const field& from) {
    auto s = from.string();
    if (!s || s->value.empty() || is_dns_subdomain(s->value)) return s;
    auto& f = from.error("WEIR0209", "must be an API group, found \"" + s->value + "\"");
    const auto slash = s->value.find('/');
    if (slash != std::string::npos) {
        f.help = "write the group without the version";
        f.suggestion = s->value.substr(0, slash);
    }
    return std::nullopt;
}

std::optional<text> read_kind(const field& from) {
    auto s = from.string(1, 63);
    if (!s || is_kind(s->value)) return s;
    from.error("WEIR0209", "must be a kind such as Service, found \"" + s->value + "\"");
    return std::nullopt;
}

std::optional<text> read_name(const field& from) { return from.string(1, 253); }

std::optional<text> read_namespace(const field& from) {
    auto s = from.string(1, 63);
    if (!s || is_dns_label(s->value)) return s;
    from.error("WEIR0215", "must be a namespace of lower-case letters, digits and `-`, found \"" +
                               s->value + "\"")
        .suggestion = name_meant_by(s->value, true);
    return std::nullopt;
}

std::optional<text> read_section(const field& from) {
    auto s = from.string(1, 253);
    if (!s || is_dns_subdomain(s->value)) return s;
    from.error("WEIR0209", "must be a name of lower-case letters, digits, `-` and `.`, found \"" +
                               s->value + "\"")
        .suggestion = name_meant_by(s->value, false);
    return std::nullopt;
}

std::optional<text> read_hostname(const field& from, bool wildcard) {
    auto s = from.string();
    if (!s) return s;
    const auto problem = hostname_problem(s->value, wildcard);
    if (!problem) return s;
    auto& f = from.error("WEIR0218", *problem + ", found \"" + s->value + "\"");
    f.suggestion = hostname_meant_by(s->value, wildcard);
    if (s->value == "*" && wildcard) {
        f.help = "to match every host, leave hostnames out";
    } else if (s->value.find(':') != std::string::npos && !is_ip_address(s->value)) {
        f.help = "hosts match whatever their port; write the name alone";
    }
    return std::nullopt;
}

std::optional<located<std::chrono::nanoseconds>> read_duration(const field& from) {
    const auto* n = from.value();
    if (n == nullptr) return std::nullopt;
    if (!n->is_scalar()) {
        from.wrong_type("a duration such as 30s");
        return std::nullopt;
    }
    if (const auto d = parse_gateway_duration(n->scalar))
        return located<std::chrono::nanoseconds>{*d, n->at};
    auto& f = from.error(
        "WEIR0217", "must be a duration such as 500ms, 30s or 1m30s, found \"" + n->scalar + "\"");
    f.help = "up to four whole numbers of at most five digits, each followed by h, m, s or ms";
    f.suggestion = duration_meant_by(n->scalar);
    return std::nullopt;
}

std::optional<text> read_header_name(const field& from) {
    auto name = from.string(1, 256);
    if (!name || is_header_name(name->value)) return name;
    from.error("WEIR0220", "is not a header name, found \"" + name->value + "\"").suggestion =
        header_name_meant_by(name->value);
    return std::nullopt;
}

object_ref read_ref(const object& from, std::string_view group, std::string_view kind) {
    object_ref ref;
    ref.at = from.at();
    auto own_group = read_group(from["group"]);
    auto own_kind = read_kind(from["kind"]);
    ref.name_space = read_namespace(from["namespace"]);
    ref.unread = (from.has("group") && !own_group) || (from.has("kind") && !own_kind) ||
                 (from.has("namespace") && !ref.name_space);
    ref.group = or_default(std::move(own_group), group, from.at());
    ref.kind = or_default(std::move(own_kind), kind, from.at());
    ref.name = or_default(read_name(from.need("name")), {}, from.at());
    if (!ref.name.value.empty()) ref.at = ref.name.at;
    const field port = from["port"];
    if (port && !port.value()->is_mapping()) ref.port = port.port();
    return ref;
}

void check_service_port(const object& from, const object_ref& ref) {
    const bool service = !ref.unread && ref.group.value.empty() && ref.kind.value == "Service";
    if (service && !from.has("port")) {
        from.reports()
            .error("WEIR0204", from.path().str() + ": Must have port for Service reference", ref.at)
            .help =
            "add `port`, or `group: inference.networking.k8s.io` and `kind: InferencePool` if a "
            "pool is meant";
    }
}

pool_ref_spec read_pool_ref(const object& spec, std::string_view default_group) {
    pool_ref_spec ref;
    const object from(spec.need("poolRef"), {"group", "kind", "name"});
    ref.at = from.at();
    ref.group = or_default(read_group(from["group"]), default_group, from.at());
    ref.group_given = from.has("group");
    ref.kind = or_default(read_kind(from["kind"]), "InferencePool", from.at());
    ref.name = or_default(read_name(from.need("name")), {}, from.at());
    if (!ref.name.value.empty()) ref.at = ref.name.at;
    return ref;
}

std::vector<weighted_target_spec> read_targets(const field& from, std::string_view name_field,
                                               std::size_t min, std::size_t max) {
    std::vector<weighted_target_spec> out;
    from.items(min, max, [&](const field& item) {
        const object o(item, {name_field, "weight"});
        if (!o) return;
        weighted_target_spec target;
        target.model = or_default(o.need(name_field).string(1, 253), {}, item.at());
        const field weight = o["weight"];
        target.weight = field::narrow<std::uint32_t>(weight.integer(1, 1'000'000));
        // One that is written but wrong has been reported; it is not a missing one as well.
        if (weight && !target.weight) target.weight = located<std::uint32_t>{1, weight.at()};
        out.push_back(std::move(target));
    });
    return out;
}

}  // namespace weir::config
