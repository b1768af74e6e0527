#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "gateway/table.hpp"

/// A small language for routing tables in tests.
namespace weir::gateway::testing {

inline config::rule_match path(config::path_kind kind, std::string value) {
    config::rule_match m;
    m.path = kind;
    m.path_value = std::move(value);
    return m;
}
inline config::rule_match exact(std::string v) {
    return path(config::path_kind::exact, std::move(v));
}
inline config::rule_match prefix(std::string v) {
    return path(config::path_kind::prefix, std::move(v));
}
inline config::rule_match regex(std::string v) {
    return path(config::path_kind::regex, std::move(v));
}
inline config::rule_match with_method(config::rule_match m, std::string method) {
    m.method = std::move(method);
    return m;
}
inline config::rule_match with_header(config::rule_match m, std::string name, std::string value,
                                      config::match_kind kind = config::match_kind::exact) {
    m.headers.push_back({kind, std::move(name), std::move(value)});
    return m;
}
inline config::rule_match with_query(config::rule_match m, std::string name, std::string value,
                                     config::match_kind kind = config::match_kind::exact) {
    m.query.push_back({kind, std::move(name), std::move(value)});
    return m;
}

inline config::route route(std::string name, std::vector<std::vector<config::rule_match>> rules,
                           std::string created = {}, std::string name_space = "default") {
    config::route r;
    r.name_space = std::move(name_space);
    r.name = std::move(name);
    r.created = std::move(created);
    for (auto& matches : rules) {
        config::route_rule rule;
        rule.matches = std::move(matches);
        r.rules.push_back(std::move(rule));
    }
    return r;
}

struct attachment {
    std::uint32_t route;
    std::vector<std::string> hostnames;
};

inline config::listener listener(std::string name, std::string hostname,
                                 std::vector<attachment> routes) {
    config::listener l;
    l.gateway = "default/gw";
    l.name = std::move(name);
    l.hostname = std::move(hostname);
    l.bind_address = "127.0.0.1";
    l.bind_port = 8080;
    l.logical_port = 80;
    for (auto& a : routes) l.routes.push_back({a.route, std::move(a.hostnames)});
    return l;
}

inline std::shared_ptr<const table> compile(std::vector<config::route> routes,
                                            std::vector<config::listener> listeners) {
    auto m = std::make_shared<config::model>();
    m->routes = std::move(routes);
    m->listeners = std::move(listeners);
    return table::compile(std::move(m));
}

/// All routes on one listener for any host.
inline std::shared_ptr<const table> compile(std::vector<config::route> routes) {
    std::vector<attachment> all;
    for (std::uint32_t i = 0; i < routes.size(); ++i) all.push_back({i, {}});
    return compile(std::move(routes), {listener("http", "", all)});
}

struct asked {
    std::string host = "h";
    std::string method = "GET";
    std::string path = "/";
    std::string query = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string sni = {};
};

inline match_result match(const table& t, const asked& a) {
    http::field_list fields;
    for (const auto& [name, value] : a.headers) fields.add(name, value);
    return table::match(t.sockets().front(), {a.host, a.method, a.path, a.query, &fields, a.sni});
}

/// `route#rule` of the chosen rule, else the outcome.
inline std::string chosen(const table& t, const asked& a) {
    const auto r = match(t, a);
    switch (r.what) {
        case outcome::matched:
            return r.selected->route->name + "#" + std::to_string(r.selected->rule_order);
        case outcome::no_listener:
            return "no_listener";
        case outcome::no_rule:
            return "no_rule";
        case outcome::misdirected:
            return "misdirected";
    }
    return "";
}

}  // namespace weir::gateway::testing
