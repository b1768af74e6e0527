#include "admin/dry_route.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "gateway/filters.hpp"
#include "gateway/path.hpp"
#include "http/head.hpp"

namespace weir::admin {
namespace {

http::field_list fields_of(const dry_request& r) {
    http::field_list out;
    for (const auto& [name, value] : r.headers) out.add(name, value);
    return out;
}

/// Hosts to ask for: the one that was given, else one that each route serves.
std::vector<std::string> hosts_of(const gateway::socket_table& socket, const dry_request& r) {
    if (const auto host = r.header("host"); !host.empty()) return {std::string(host)};
    std::vector<std::string> out = {"localhost"};
    for (const auto& served : socket.listeners) {
        for (const auto& attached : served.listener->routes) {
            for (const auto& name : attached.hostnames)
                out.push_back(name.starts_with("*.") ? "any" + name.substr(1) : name);
        }
    }
    return out;
}

gateway::match_result match(const gateway::table& table, const dry_request& r) {
    const auto fields = fields_of(r);
    const auto parts = gateway::split_target(r.path);
    std::string scratch;
    const auto path = gateway::normalise_path(parts.path, scratch);
    if (!path) return {};
    for (const auto& socket : table.sockets()) {
        for (const auto& host : hosts_of(socket, r)) {
            const gateway::request_view view{host, "POST", *path, parts.query, &fields, {}};
            const auto found = gateway::table::match(socket, view);
            if (found.what == gateway::outcome::matched) return found;
        }
    }
    return {};
}

/// A route may set an objective or a model rewrite for its requests.
void edit_fields(const config::filter_set& filters, dry_request& r) {
    if (!filters.request_headers) return;
    const auto before = fields_of(r);
    std::vector<std::pair<std::string, std::string>> after;
    for (const auto& f : gateway::edit_headers(*filters.request_headers, before))
        after.emplace_back(to_lower(f.name), f.value);
    r.headers = std::move(after);
}

std::string list_of_pools(const proxy::runtime& current) {
    std::string out;
    for (const auto& p : current.pools) out += (out.empty() ? "" : ", ") + p.id;
    return out;
}

}  // namespace

std::string_view dry_request::header(std::string_view name) const {
    const auto at = std::find_if(headers.begin(), headers.end(),
                                 [name](const auto& h) { return h.first == name; });
    return at == headers.end() ? std::string_view() : std::string_view(at->second);
}

dry_route find_route(const proxy::runtime& current, dry_request& r) {
    dry_route out;
    const auto found = current.table ? match(*current.table, r) : gateway::match_result{};
    if (found.selected == nullptr) {
        if (current.pools.size() == 1) {
            out.pool = &current.pools.front();
        } else {
            out.problem = "no route takes POST " + r.path +
                          "; \"pool\" must name one of the pools: " + list_of_pools(current);
        }
        return out;
    }
    const auto& rule = *found.selected;
    out.route = rule.route->name_space + "/" + rule.route->name;
    const auto* to = gateway::pick_backend(*rule.config, r.seed);
    if (to == nullptr || to->target.kind != config::backend_kind::pool) {
        out.problem = "HTTPRoute " + out.route + " takes POST " + r.path + " and leads to no pool";
        return out;
    }
    edit_fields(rule.config->filters, r);
    edit_fields(to->filters, r);
    out.pool = &current.pools[to->target.index];
    return out;
}

dry_route find_pool(const proxy::runtime& current, std::string name) {
    dry_route out;
    if (name.find('/') == std::string::npos) name = "default/" + name;
    std::vector<std::string_view> known;
    for (const auto& p : current.pools) {
        if (p.id == name) out.pool = &p;
        known.push_back(p.id);
    }
    if (out.pool != nullptr) return out;
    const auto near = nearest(name, known);
    out.problem = "there is no pool " + name +
                  (near.empty() ? std::string() : "; did you mean " + std::string(near) + "?");
    return out;
}

}  // namespace weir::admin
