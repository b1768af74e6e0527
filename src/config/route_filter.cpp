#include <algorithm>
#include <array>
#include <string>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/parsers.hpp"

namespace weir::config {

namespace {

struct filter_kind {
    std::string_view type;
    std::string_view member;
    filter_type value;
    bool repeats = false;
};

constexpr std::array kinds{
    filter_kind{"RequestHeaderModifier", "requestHeaderModifier",
                filter_type::request_header_modifier},
    filter_kind{"ResponseHeaderModifier", "responseHeaderModifier",
                filter_type::response_header_modifier},
    filter_kind{"RequestRedirect", "requestRedirect", filter_type::request_redirect},
    filter_kind{"URLRewrite", "urlRewrite", filter_type::url_rewrite},
    filter_kind{"RequestMirror", "requestMirror", filter_type::request_mirror, true},
    filter_kind{"CORS", "cors", filter_type::cors},
    filter_kind{"ExtensionRef", "extensionRef", filter_type::extension_ref, true},
    filter_kind{"ExternalAuth", "externalAuth", filter_type::unsupported, true},
};

const filter_kind* find_kind(std::string_view type) {
    const auto it =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.type == type; });
    return it == kinds.end() ? nullptr : &*it;
}

using name_place = std::pair<std::string, std::string_view>;

/// Remembers which of set, add and remove a header stands in; a name may be in one of them only.
void claim(std::vector<name_place>& taken, const field& at, const std::string& name,
           std::string_view list) {
    const auto lower = to_lower(name);
    const auto it =
        std::find_if(taken.begin(), taken.end(), [&](const auto& t) { return t.first == lower; });
    if (it == taken.end()) {
        taken.emplace_back(lower, list);
    } else if (it->second != list) {
        at.error("WEIR0212", "\"" + name + "\" is in `" + std::string(it->second) + "` already")
            .help = "a header may be in only one of set, add and remove";
    } else {
        at.reports().warning("WEIR0211",
                             at.path().str() + " repeats \"" + name + "\", only the first counts",
                             at.at());
    }
}

/// Fields that belong to one connection or frame the body: each hop writes its own.
bool is_of_one_hop(std::string_view name) {
    constexpr std::array<std::string_view, 9> names{
        "connection",        "content-length", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",        "expect"};
    return std::any_of(names.begin(), names.end(), [&](auto n) { return iequals(n, name); });
}

void warn_of_one_hop(const field& at, const std::string& name) {
    if (!is_of_one_hop(name)) return;
    at.reports()
        .warning("WEIR0226", at.path().str() + " \"" + name + "\" has no effect", at.at())
        .help = "fields that frame the body or belong to one connection cannot be modified";
}

header_edit read_headers(const field& from) {
    header_edit out;
    const object o(from, {"set", "add", "remove"});
    std::vector<name_place> taken;
    const auto read_pairs = [&](std::string_view list,
                                std::vector<std::pair<std::string, std::string>>& into) {
        o[list].items(0, 16, [&](const field& item) {
            const object pair(item, {"name", "value"});
            if (!pair) return;
            const field name_field = pair.need("name");
            const auto name = read_header_name(name_field);
            auto value = pair.need("value").string(1, 4096);
            if (!name) return;
            const bool control =
                value && std::any_of(value->value.begin(), value->value.end(), [](char c) {
                    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
                });
            if (control)
                pair["value"].error(
                    "WEIR0220",
                    "has a line break or a control character, which no header value can have");
            claim(taken, name_field, name->value, list);
            warn_of_one_hop(name_field, name->value);
            const bool again = std::any_of(into.begin(), into.end(), [&](const auto& h) {
                return iequals(h.first, name->value);
            });
            if (value && !again) into.emplace_back(name->value, std::move(value->value));
        });
    };
    read_pairs("set", out.set);
    read_pairs("add", out.add);
    o["remove"].items(0, 16, [&](const field& item) {
        const auto name = read_header_name(item);
        if (!name) return;
        claim(taken, item, name->value, "remove");
        warn_of_one_hop(item, name->value);
        out.remove.push_back(to_lower(name->value));
    });
    return out;
}

std::optional<path_modifier> read_path_modifier(const field& from) {
    const object o(from, {"type", "replaceFullPath", "replacePrefixMatch"});
    if (!o) return std::nullopt;
    const auto type = o.need("type").choice({"ReplaceFullPath", "ReplacePrefixMatch"});
    path_modifier out;
    for (const std::string_view member : {"replaceFullPath", "replacePrefixMatch"}) {
        const std::string wanted =
            member == "replaceFullPath" ? "ReplaceFullPath" : "ReplacePrefixMatch";
        const field value_field = o[member];
        if (type && value_field && type->value != wanted) {
            value_field.error("WEIR0212", ": type must be '" + wanted + "' when " +
                                              std::string(member) + " is set");
        }
        if (type && !value_field && type->value == wanted) {
            o.error("WEIR0212", std::string(member) + " must be specified when type is set to '" +
                                    wanted + "'");
        }
        const auto value = value_field.string(0, 1024);
        if (!value || !type || type->value != wanted) continue;
        out.full = member == "replaceFullPath";
        out.value = value->value;
        // A replacement prefix may be empty; anything else is a path.
        const bool empty_prefix = value->value.empty() && !out.full;
        const auto problem = empty_prefix ? std::nullopt : path_problem(value->value);
        if (problem) value_field.error("WEIR0219", *problem + ", found \"" + value->value + "\"");
    }
    if (!type) return std::nullopt;
    return out;
}

std::optional<std::string> plain(std::optional<text>&& t) {
    if (!t) return std::nullopt;
    return std::move(t->value);
}

redirect_filter read_redirect(const field& from) {
    redirect_filter out;
    const object o(from, {"scheme", "hostname", "path", "port", "statusCode"});
    out.scheme = plain(o["scheme"].choice({"http", "https"}));
    out.hostname = plain(read_hostname(o["hostname"], false));
    out.path = read_path_modifier(o["path"]);
    if (const auto port = o["port"].port()) out.port = port->value;
    const field status_field = o["statusCode"];
    if (const auto status = status_field.integer(100, 599)) {
        out.status = static_cast<int>(status->value);
        const std::array allowed{301, 302, 303, 307, 308};
        if (std::find(allowed.begin(), allowed.end(), out.status) == allowed.end()) {
            auto& f =
                status_field.error("WEIR0207", "must be one of 301, 302, 303, 307, 308, found " +
                                                   std::to_string(out.status));
            f.allowed = {"301", "302", "303", "307", "308"};
        }
    }
    return out;
}

rewrite_filter read_rewrite(const field& from) {
    const object o(from, {"hostname", "path"});
    return {plain(read_hostname(o["hostname"], false)), read_path_modifier(o["path"])};
}

double read_fraction(const object& o) {
    const object f(o["fraction"], {"numerator", "denominator"});
    if (!f) return 1;
    const auto numerator = f.need("numerator").integer(0, 2147483647);
    const auto denominator = f["denominator"].integer(1, 2147483647);
    const std::int64_t below = denominator ? denominator->value : 100;
    if (!numerator) return 1;
    if (numerator->value > below) {
        f["numerator"].error("WEIR0212", "must be less than or equal to denominator");
        return 1;
    }
    return static_cast<double>(numerator->value) / static_cast<double>(below);
}

mirror_spec read_mirror(const field& from) {
    mirror_spec out;
    const object o(from, {"backendRef", "percent", "fraction"});
    const object ref(o.need("backendRef"), {"group", "kind", "name", "namespace", "port"});
    if (ref) {
        out.ref = read_ref(ref, "", "Service");
        if (!out.ref.name.value.empty()) check_service_port(ref, out.ref);
    }
    if (o.has("percent") && o.has("fraction")) {
        o["fraction"].error(
            "WEIR0212",
            ": Only one of percent or fraction may be specified in HTTPRequestMirrorFilter");
    }
    if (const auto percent = o["percent"].integer(0, 100)) {
        out.fraction = static_cast<double>(percent->value) / 100.0;
    } else {
        out.fraction = read_fraction(o);
    }
    return out;
}

/// A cluster takes lists of origins, methods and headers as sets.
void warn_if_repeated(const field& item, const std::vector<std::string>& before,
                      std::string_view value) {
    if (std::find(before.begin(), before.end(), value) == before.end()) return;
    item.reports().warning(
        "WEIR0211", item.path().str() + " repeats \"" + std::string(value) + "\"", item.at());
}

/// A list of header names or `*`.
std::vector<std::string> read_header_names(const field& from, bool alone) {
    std::vector<std::string> out;
    from.items(0, 64, [&](const field& item) {
        auto name = read_header_name(item);
        if (!name) return;
        warn_if_repeated(item, out, name->value);
        out.push_back(std::move(name->value));
    });
    if (alone && out.size() > 1 && std::find(out.begin(), out.end(), "*") != out.end()) {
        from.error("WEIR0212", "cannot contain '*' alongside other headers");
    }
    return out;
}

cors_filter read_cors(const field& from) {
    cors_filter out;
    const object o(from, {"allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders",
                          "allowCredentials", "maxAge"});
    o["allowOrigins"].items(0, 64, [&](const field& item) {
        auto origin = item.string(1, 253);
        if (!origin) return;
        if (const auto problem = origin_problem(origin->value)) {
            item.error("WEIR0209", *problem + ", found \"" + origin->value + "\"");
        }
        warn_if_repeated(item, out.allow_origins, origin->value);
        out.allow_origins.push_back(std::move(origin->value));
    });
    const auto starred = [](const auto& list) {
        return std::find(list.begin(), list.end(), "*") != list.end();
    };
    if (out.allow_origins.size() > 1 && starred(out.allow_origins)) {
        o["allowOrigins"].error("WEIR0212", "cannot contain '*' alongside other origins");
    }
    o["allowMethods"].items(0, 9, [&](const field& item) {
        const auto m = item.choice(
            {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"});
        if (!m) return;
        warn_if_repeated(item, out.allow_methods, m->value);
        out.allow_methods.push_back(m->value);
    });
    if (out.allow_methods.size() > 1 && starred(out.allow_methods)) {
        o["allowMethods"].error("WEIR0212", "cannot contain '*' alongside other methods");
    }
    out.allow_headers = read_header_names(o["allowHeaders"], true);
    out.expose_headers = read_header_names(o["exposeHeaders"], false);
    if (const auto yes = o["allowCredentials"].boolean()) out.allow_credentials = yes->value;
    if (const auto age = o["maxAge"].integer(1, 2147483647)) out.max_age_seconds = age->value;
    return out;
}

void read_member(const filter_kind& kind, const field& member, filter_spec& out) {
    switch (kind.value) {
        case filter_type::request_header_modifier:
        case filter_type::response_header_modifier:
            out.value = read_headers(member);
            break;
        case filter_type::request_redirect:
            out.value = read_redirect(member);
            break;
        case filter_type::url_rewrite:
            out.value = read_rewrite(member);
            break;
        case filter_type::request_mirror:
            out.value = read_mirror(member);
            break;
        case filter_type::cors:
            out.value = read_cors(member);
            break;
        case filter_type::extension_ref: {
            const object o(member, {"group", "kind", "name"});
            o.need("group");
            o.need("kind");
            out.value = read_ref(o, "", "");
            break;
        }
        default:
            break;
    }
}

/// A type weir does not know keeps its place in the rule, whose traffic is refused rather than let
/// past the filter.
void report_unsupported(const field& type, const std::string& name) {
    auto& f = type.reports().warning(
        "WEIR0214", "the filter type \"" + name + "\" is not supported", type.at());
    f.note = "requests of this rule are answered with 500 rather than forwarded without the filter";
    std::vector<std::string_view> names;
    for (const auto& k : kinds) {
        if (k.value == filter_type::unsupported) continue;
        names.push_back(k.type);
        f.allowed.emplace_back(k.type);
    }
    f.suggestion = nearest(name, names);
}

filter_spec read_filter(const field& from) {
    filter_spec out;
    out.at = from.at();
    const node* type_node = from.value()->is_mapping() ? from.value()->get("type") : nullptr;
    const filter_kind* kind = type_node == nullptr ? nullptr : find_kind(type_node->scalar);
    if (kind == nullptr && type_node != nullptr && type_node->is_scalar()) {
        const object o(from, {});  // the members of a type from elsewhere are not ours to judge
        const auto type = o["type"].string(1, 253);
        if (!type) return out;
        out.type_name = *type;
        report_unsupported(o["type"], type->value);
        return out;
    }
    const object o(from,
                   {"type", "requestHeaderModifier", "responseHeaderModifier", "requestMirror",
                    "requestRedirect", "urlRewrite", "cors", "externalAuth", "extensionRef"});
    if (!o) return out;
    out.type_name = or_default(o.need("type").string(1, 253), {}, from.at());
    if (kind == nullptr) return out;
    out.type = kind->value;
    if (kind->value == filter_type::unsupported) report_unsupported(o["type"], out.type_name.value);
    for (const auto& k : kinds) {
        const std::string member(k.member);
        const std::string type(k.type);
        if (&k != kind && o.has(member)) {
            from.reports().error("WEIR0212",
                                 from.path().str() + ": filter." + member +
                                     " must be nil if the filter.type is not " + type,
                                 o.key_at(member));
        }
        if (&k == kind && !o.has(member)) {
            from.reports().error("WEIR0212",
                                 from.path().str() + ": filter." + member +
                                     " must be specified for " + type + " filter.type",
                                 out.type_name.at);
        }
    }
    if (o.has(kind->member)) read_member(*kind, o[kind->member], out);
    return out;
}

bool replaces_prefix(const filter_spec& f) {
    const std::optional<path_modifier>* path = nullptr;
    if (const auto* redirect = std::get_if<redirect_filter>(&f.value)) path = &redirect->path;
    if (const auto* rewrite = std::get_if<rewrite_filter>(&f.value)) path = &rewrite->path;
    return path != nullptr && *path && !(*path)->full;
}

}  // namespace

std::vector<filter_spec> parse_filters(const field& from) {
    std::vector<filter_spec> out;
    from.items(0, 16, [&](const field& item) {
        if (item.is_mapping()) out.push_back(read_filter(item));
    });
    return out;
}

void check_filters(const field& from, const std::vector<filter_spec>& filters,
                   const std::vector<match_spec>& matches, bool in_backend) {
    const std::string where = from.path().str();
    const auto has = [&](filter_type t) {
        return std::any_of(filters.begin(), filters.end(),
                           [&](const auto& f) { return f.type == t; });
    };
    for (std::size_t i = 0; i < filters.size(); ++i) {
        const auto& f = filters[i];
        const auto* kind = find_kind(f.type_name.value);
        const bool again = std::any_of(
            filters.begin(), filters.begin() + static_cast<std::ptrdiff_t>(i),
            [&](const auto& other) { return other.type_name.value == f.type_name.value; });
        if (again && kind != nullptr && !kind->repeats) {
            from.reports().error("WEIR0212",
                                 where + ": " + f.type_name.value + " filter cannot be repeated",
                                 f.type_name.at);
        }
        const bool one_prefix =
            matches.size() == 1 && matches.front().value.path == path_kind::prefix;
        if (!one_prefix && replaces_prefix(f)) {
            from.reports().error("WEIR0212",
                                 where + ": " + (in_backend ? "Within backendRefs, when" : "When") +
                                     " using " + f.type_name.value +
                                     " filter with path.replacePrefixMatch, exactly one PathPrefix "
                                     "match must be specified",
                                 f.type_name.at);
        }
    }
    if (has(filter_type::request_redirect) && has(filter_type::url_rewrite)) {
        from.reports().error("WEIR0212",
                             where +
                                 ": May specify either httpRouteFilterRequestRedirect or "
                                 "httpRouteFilterRequestRewrite, but not both",
                             from.at());
    }
}

}  // namespace weir::config
