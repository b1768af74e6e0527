#include <algorithm>
#include <string>

#include "config/grammar.hpp"
#include "config/parsers.hpp"

namespace weir::config {

namespace {

constexpr std::string_view gateway_group = "gateway.networking.k8s.io";

std::vector<parent_ref_spec> read_parents(const field& from) {
    std::vector<parent_ref_spec> out;
    from.items(0, 32, [&](const field& item) {
        const object o(item, {"group", "kind", "namespace", "name", "sectionName", "port"}, "name");
        if (!o) return;
        parent_ref_spec parent;
        parent.ref = read_ref(o, gateway_group, "Gateway");
        parent.section_name = read_section(o["sectionName"]);
        out.push_back(std::move(parent));
    });
    return out;
}

bool same_parent(const object_ref& a, const object_ref& b) {
    const auto ns = [](const object_ref& r) {
        return r.name_space ? r.name_space->value : std::string();
    };
    return a.group.value == b.group.value && a.kind.value == b.kind.value && ns(a) == ns(b) &&
           a.name.value == b.name.value;
}

std::string_view section_of(const parent_ref_spec& p) {
    return p.section_name ? std::string_view(p.section_name->value) : std::string_view();
}

void check_parents(const field& from, const std::vector<parent_ref_spec>& parents) {
    for (std::size_t i = 1; i < parents.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const auto& a = parents[j];
            const auto& b = parents[i];
            if (a.ref.name.value.empty() || !same_parent(a.ref, b.ref)) continue;
            const bool ports_differ =
                a.ref.port && b.ref.port && a.ref.port->value != b.ref.port->value;
            const bool distinct =
                section_of(a) != section_of(b) && !section_of(a).empty() && !section_of(b).empty();
            const bool mixed = (section_of(a).empty() && a.ref.port && !section_of(b).empty()) ||
                               (section_of(b).empty() && b.ref.port && !section_of(a).empty());
            if (ports_differ || distinct || mixed) continue;
            const bool unnamed = section_of(a).empty() || section_of(b).empty();
            from.reports().error(
                "WEIR0211",
                std::string(unnamed ? "sectionName must be specified"
                                    : "sectionName must be unique") +
                    " when parentRefs includes 2 or more references to the same parent",
                b.ref.at);
            break;
        }
    }
}

std::vector<backend_ref_spec> read_backends(const field& from,
                                            const std::vector<match_spec>& matches) {
    std::vector<backend_ref_spec> out;
    from.items(0, 16, [&](const field& item) {
        const object o(item, {"group", "kind", "name", "namespace", "port", "weight", "filters"},
                       "name");
        if (!o) return;
        backend_ref_spec backend;
        backend.ref = read_ref(o, "", "Service");
        if (!backend.ref.name.value.empty()) check_service_port(o, backend.ref);
        const auto weight = o["weight"].integer(0, 1'000'000);
        backend.weight = weight ? *field::narrow<std::uint32_t>(weight)
                                : located<std::uint32_t>{1, backend.ref.at};
        backend.filters = parse_filters(o["filters"]);
        check_filters(o["filters"], backend.filters, matches, true);
        out.push_back(std::move(backend));
    });
    return out;
}

void read_timeouts(const field& from, route_rule_spec& rule) {
    const object o(from, {"request", "backendRequest"});
    if (!o) return;
    rule.request_timeout = read_duration(o["request"]);
    rule.backend_timeout = read_duration(o["backendRequest"]);
    const bool both = rule.request_timeout && rule.backend_timeout;
    if (both && rule.request_timeout->value.count() != 0 &&
        rule.backend_timeout->value > rule.request_timeout->value) {
        from.reports().error(
            "WEIR0212",
            from.path().str() + ": backendRequest timeout cannot be longer than request timeout",
            rule.backend_timeout->at);
    }
}

std::optional<located<retry_policy>> read_retry(const field& from) {
    const object o(from, {"codes", "attempts", "backoff"});
    if (!o) return std::nullopt;
    located<retry_policy> out;
    out.at = from.at();
    o["codes"].items(0, 200, [&](const field& item) {
        if (const auto code = item.integer(400, 599))
            out.value.codes.push_back(static_cast<int>(code->value));
    });
    if (const auto attempts = o["attempts"].integer(0, 1'000'000))
        out.value.attempts = static_cast<int>(attempts->value);
    if (const auto backoff = read_duration(o["backoff"])) out.value.backoff = backoff->value;
    return out;
}

/// Checked, and said to have no effect.
void read_session(const field& from) {
    const object o(from, {"sessionName", "absoluteTimeout", "idleTimeout", "type", "cookieConfig",
                          "cookie", "header"});
    if (!o) return;
    const auto type = or_default(o["type"].choice({"Cookie", "Header"}), "Cookie", from.at());
    read_duration(o["absoluteTimeout"]);
    read_duration(o["idleTimeout"]);
    const bool cookie = type.value == "Cookie";
    if (!cookie && o.has("cookie"))
        o["cookie"].error("WEIR0212", ": cookie must be nil if type is not Cookie");
    if (cookie && o.has("header"))
        o["header"].error("WEIR0212", ": header must be nil if type is not Header");
    if (!cookie && !o.is_written("header") && !o.has("sessionName"))
        o.error("WEIR0212", "header must be specified for Header type");
    // Releases up to 1.4 said `cookieConfig`.
    const object jar(o["cookie"], {"name", "path", "lifetimeType"});
    const object old_jar(o["cookieConfig"], {"lifetimeType"});
    const auto lifetime = (jar ? jar : old_jar)["lifetimeType"].choice({"Session", "Permanent"});
    if (lifetime && lifetime->value == "Permanent" && !o.has("absoluteTimeout")) {
        o.error("WEIR0212",
                "AbsoluteTimeout must be specified when cookie lifetimeType is Permanent");
    }
    from.reports()
        .warning("WEIR0226", from.path().str() + " is not supported and has no effect", o.at())
        .help =
        "the picker chooses the endpoint of each request; the session-affinity-scorer keeps a "
        "session where it was";
}

/// Of a list that came out empty: whether anything was written there. What is wrong with it has
/// been said; that it is missing would be one finding too many.
bool is_unread(const object& from, std::string_view list) {
    if (!from) return true;
    const auto* value = from.value()->get(list);
    const bool empty = value != nullptr && value->is_sequence() && value->items.empty();
    return from.is_written(list) && !empty;
}

route_rule_spec read_rule(const field& from) {
    route_rule_spec rule;
    rule.at = from.at();
    const object o(from, {"name", "matches", "filters", "backendRefs", "timeouts", "retry",
                          "sessionPersistence"});
    if (!o) {
        rule.backends_unread = true;
        return rule;
    }
    rule.name = read_section(o["name"]);
    o["matches"].items(0, 64,
                       [&](const field& item) { rule.matches.push_back(parse_match(item)); });
    if (rule.matches.empty()) {
        rule.matches.emplace_back();
        rule.matches.back().at = rule.matches.back().path_at = rule.at;
    }
    rule.filters = parse_filters(o["filters"]);
    check_filters(o["filters"], rule.filters, rule.matches, false);
    rule.backends = read_backends(o["backendRefs"], rule.matches);
    rule.backends_unread = rule.backends.empty() && is_unread(o, "backendRefs");
    const bool redirects = std::any_of(rule.filters.begin(), rule.filters.end(), [](const auto& f) {
        return f.type == filter_type::request_redirect;
    });
    if (redirects && !rule.backends.empty()) {
        from.reports()
            .error("WEIR0212",
                   from.path().str() +
                       ": RequestRedirect filter must not be used together with backendRefs",
                   o.key_at("backendRefs"))
            .help = "remove the backendRefs; a redirect never reaches them";
    }
    read_timeouts(o["timeouts"], rule);
    rule.retry = read_retry(o["retry"]);
    read_session(o["sessionPersistence"]);
    return rule;
}

void check_rules(const field& from, const std::vector<route_rule_spec>& rules) {
    std::size_t total = 0;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        total += rules[i].matches.size();
        if (!rules[i].name) continue;
        const bool again = std::any_of(
            rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(i),
            [&](const auto& r) { return r.name && r.name->value == rules[i].name->value; });
        if (again) {
            from.reports().error("WEIR0211", "Rule name must be unique within the route",
                                 rules[i].name->at);
        }
    }
    if (total > 128) {
        from.reports().error("WEIR0210",
                             "While 16 rules and 64 matches per rule are allowed, the total number "
                             "of matches across all "
                             "rules in a route must be less than 128, found " +
                                 std::to_string(total),
                             from.at());
    }
}

}  // namespace

http_route_resource parse_http_route(const object& root) {
    http_route_resource out;
    const object spec(root.need("spec"),
                      {"parentRefs", "hostnames", "rules", "useDefaultGateways"});
    spec["hostnames"].items(0, 16, [&](const field& item) {
        if (auto h = read_hostname(item, true)) out.hostnames.push_back(std::move(*h));
    });
    out.parents = read_parents(spec["parentRefs"]);
    out.parents_unread = out.parents.empty() && is_unread(spec, "parentRefs");
    check_parents(spec["parentRefs"], out.parents);
    const field rules = spec["rules"];
    rules.items(1, 16, [&](const field& item) { out.rules.push_back(read_rule(item)); });
    check_rules(rules, out.rules);
    if (out.rules.empty()) {
        out.rules.emplace_back();
        out.rules.back().at = spec.at();
        out.rules.back().backends_unread = !spec || spec.is_written("rules");
        out.rules.back().matches.emplace_back();
        out.rules.back().matches.back().at = out.rules.back().matches.back().path_at = spec.at();
    }
    return out;
}

}  // namespace weir::config
