#include "config/effective.hpp"

#include <string_view>

#include "base/json.hpp"
#include "base/strings.hpp"

namespace weir::config {
namespace {

void write_place(json_writer& json, const span& at) {
    if (at.file == nullptr) return;
    json.field("file", at.file->path).field("line", at.start.line);
}

void write_object(json_writer& json, const metadata& meta) {
    json.begin_object().field("apiVersion", meta.api_version).field("kind", meta.kind);
    json.field("namespace", meta.name_space.value).field("name", meta.name.value);
    write_place(json, meta.at);
    json.end_object();
}

template <class... Lists>
void write_objects(json_writer& json, const Lists&... lists) {
    const auto write_all = [&](const auto& list) {
        for (const auto& object : list) write_object(json, object.meta);
    };
    (write_all(lists), ...);
}

void write_strings(json_writer& json, std::string_view name,
                   const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const auto& v : values) json.value(v);
    json.end_array();
}

void write_listener(json_writer& json, const listener& l, const model& m) {
    json.begin_object().field("gateway", l.gateway).field("name", l.name);
    json.field("protocol", l.protocol == listener_protocol::https ? "HTTPS" : "HTTP")
        .field("hostname", l.hostname);
    json.field("address", l.bind_address).field("port", static_cast<unsigned>(l.bind_port));
    json.field("logicalPort", static_cast<unsigned>(l.logical_port));
    json.key("certificates").begin_array();
    for (const auto& c : l.certificates) json.value(c.name);
    json.end_array().key("routes").begin_array();
    for (const auto& a : l.routes) {
        const auto& r = m.routes[a.route];
        json.begin_object().field("route", r.name_space + "/" + r.name);
        write_strings(json, "hostnames", a.hostnames);
        json.end_object();
    }
    json.end_array().end_object();
}

std::string_view path_name(path_kind kind) {
    switch (kind) {
        case path_kind::exact:
            return "Exact";
        case path_kind::prefix:
            return "PathPrefix";
        case path_kind::regex:
            return "RegularExpression";
    }
    return "";
}

void write_values(json_writer& json, std::string_view name,
                  const lean_vector<value_match>& values) {
    if (values.empty()) return;
    json.key(name).begin_array();
    for (const auto& v : values) {
        json.begin_object().field("type",
                                  v.kind == match_kind::regex ? "RegularExpression" : "Exact");
        json.field("name", v.name).field("value", v.value).end_object();
    }
    json.end_array();
}

void write_match(json_writer& json, const rule_match& m) {
    json.begin_object().key("path").begin_object();
    json.field("type", path_name(m.path)).field("value", m.path_value).end_object();
    if (!m.method.empty()) json.field("method", m.method);
    write_values(json, "headers", m.headers);
    write_values(json, "queryParams", m.query);
    json.end_object();
}

std::string_view kind_name(backend_kind kind) {
    switch (kind) {
        case backend_kind::pool:
            return "InferencePool";
        case backend_kind::service:
            return "Service";
        case backend_kind::invalid:
            return "invalid";
    }
    return "";
}

void write_target(json_writer& json, const backend_target& target) {
    json.field("kind", kind_name(target.kind)).field("name", target.name);
    if (!target.reason.empty()) json.field("reason", target.reason);
}

void write_filters(json_writer& json, const filter_set& f) {
    json.key("filters").begin_array();
    if (f.request_headers) json.value("RequestHeaderModifier");
    if (f.response_headers) json.value("ResponseHeaderModifier");
    if (f.redirect) json.value("RequestRedirect");
    if (f.rewrite) json.value("URLRewrite");
    if (f.cors) json.value("CORS");
    for (std::size_t i = 0; i < f.mirrors.size(); ++i) json.value("RequestMirror");
    if (f.unsupported) json.value("unsupported");
    json.end_array();
}

void write_rule(json_writer& json, const route_rule& rule) {
    json.begin_object();
    if (!rule.name.empty()) json.field("name", rule.name);
    write_place(json, rule.at);
    json.key("matches").begin_array();
    for (const auto& m : rule.matches) write_match(json, m);
    json.end_array();
    write_filters(json, rule.filters);
    json.key("backendRefs").begin_array();
    for (const auto& b : rule.backends) {
        json.begin_object();
        write_target(json, b.target);
        json.field("weight", b.weight).end_object();
    }
    json.end_array();
    if (rule.request_timeout)
        json.field("requestTimeout", format_go_duration(*rule.request_timeout));
    if (rule.backend_timeout.count() != 0)
        json.field("backendRequestTimeout", format_go_duration(rule.backend_timeout));
    if (rule.retry) json.field("retryAttempts", rule.retry->attempts);
    json.end_object();
}

void write_route(json_writer& json, const route& r) {
    json.begin_object().field("namespace", r.name_space).field("name", r.name);
    write_place(json, r.at);
    json.key("rules").begin_array();
    for (const auto& rule : r.rules) write_rule(json, rule);
    json.end_array().end_object();
}

void write_endpoints(json_writer& json, const std::vector<endpoint_source>& endpoints) {
    json.key("endpoints").begin_array();
    for (const auto& e : endpoints) {
        json.begin_object()
            .field("name", e.name_space + "/" + e.name)
            .field("host", e.host)
            .key("ports")
            .begin_array();
        for (const auto port : e.ports) {
            if (port != 0) json.value(static_cast<unsigned>(port));
        }
        json.end_array().field("ready", e.ready).end_object();
    }
    json.end_array();
}

void write_targets(json_writer& json, const std::vector<weighted_name>& targets) {
    json.key("targets").begin_array();
    for (const auto& t : targets) {
        json.begin_object().field("name", t.name);
        if (t.weight) json.field("weight", *t.weight);
        json.end_object();
    }
    json.end_array();
}

std::string_view level_name(criticality level) {
    switch (level) {
        case criticality::critical:
            return "Critical";
        case criticality::standard:
            return "Standard";
        case criticality::sheddable:
            return "Sheddable";
    }
    return "";
}

void write_pool(json_writer& json, const pool& p) {
    json.begin_object()
        .field("namespace", p.name_space)
        .field("name", p.name)
        .field("group", p.group);
    write_place(json, p.at);
    json.key("targetPorts").begin_array();
    for (const auto port : p.target_ports) json.value(static_cast<unsigned>(port));
    json.end_array();
    json.field("pickerConfig",
               p.picker.root != nullptr ? p.picker.origin : std::string("built-in default"));
    if (!p.endpoints_file.empty()) json.field("endpointsFile", p.endpoints_file);
    write_endpoints(json, p.endpoints);
    json.key("objectives").begin_object();
    for (const auto& [name, priority] : p.objectives) json.field(name, priority);
    json.end_object().key("rewrites").begin_array();
    for (const auto& r : p.rewrites) {
        json.begin_object().field("resource", r.resource);
        write_strings(json, "models", r.models);
        write_targets(json, r.targets);
        json.end_object();
    }
    json.end_array().key("models").begin_array();
    for (const auto& m : p.models) {
        json.begin_object()
            .field("modelName", m.model_name)
            .field("criticality", level_name(m.level));
        write_targets(json, m.targets);
        json.end_object();
    }
    json.end_array().end_object();
}

}  // namespace

void write_effective(const resources& all, model& into) {
    json_writer json;
    json.begin_object().key("listeners").begin_array();
    for (const auto& l : into.listeners) write_listener(json, l, into);
    json.end_array().key("routes").begin_array();
    for (const auto& r : into.routes) write_route(json, r);
    json.end_array().key("pools").begin_array();
    for (const auto& p : into.pools) write_pool(json, p);
    json.end_array().key("services").begin_array();
    for (const auto& s : into.services) {
        json.begin_object().field("namespace", s.name_space).field("name", s.name);
        json.field("port", static_cast<unsigned>(s.port));
        write_endpoints(json, s.endpoints);
        json.end_object();
    }
    json.end_array().key("resources").begin_array();
    write_objects(json, all.gateway_classes, all.gateways, all.http_routes, all.grants, all.pools,
                  all.objectives, all.model_rewrites, all.inference_models, all.picker_configs,
                  all.pods, all.services, all.endpoint_slices, all.secrets, all.namespaces,
                  all.config_maps);
    json.end_array().end_object();
    into.effective_json = json.take();
}

}  // namespace weir::config
