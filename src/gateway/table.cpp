#include "gateway/table.hpp"

#include <algorithm>

namespace weir::gateway {
namespace {

bool is_plain(const config::filter_set& f) {
    return !f.request_headers && !f.response_headers && !f.redirect && !f.rewrite && !f.cors &&
           f.mirrors.empty() && !f.unsupported;
}

const socket_table::served* listener_for(const socket_table& socket, std::string_view host) {
    const socket_table::served* chosen = nullptr;
    socket.by_hostname.visit(host, [&](const socket_table::served* s) {
        chosen = s;
        return chosen != nullptr;
    });
    return chosen;
}

}  // namespace

/// Oldest first; an object without a creationTimestamp is younger than any with one (RFC 3339 in
/// UTC sorts as text).
void table::order_routes() {
    const auto& routes = model_->routes;
    std::vector<std::pair<std::string, std::uint32_t>> keys;
    keys.reserve(routes.size());
    for (std::uint32_t i = 0; i < routes.size(); ++i) {
        const auto& r = routes[i];
        const std::string_view created = r.created.empty() ? std::string_view("~") : r.created;
        std::string key;
        key.reserve(created.size() + r.name_space.size() + r.name.size() + 2);
        key.append(created).append(1, '\0').append(r.name_space).append(1, '/').append(r.name);
        keys.emplace_back(std::move(key), i);
    }
    std::sort(keys.begin(), keys.end());
    route_order_.resize(routes.size());
    for (std::uint32_t place = 0; place < keys.size(); ++place)
        route_order_[keys[place].second] = place;
}

const RE2* table::pattern(const std::string& text) {
    const auto [found, fresh] = patterns_.try_emplace(text);
    if (fresh) {
        RE2::Options options;
        options.set_log_errors(false);
        found->second = std::make_unique<RE2>(text, options);
    }
    return found->second->ok() ? found->second.get() : nullptr;
}

socket_table& table::socket_of(const config::listener& l) {
    for (auto& s : sockets_) {
        if (s.bind_address == l.bind_address && s.bind_port == l.bind_port) return s;
    }
    auto& fresh = sockets_.emplace_back();
    fresh.bind_address = l.bind_address;
    fresh.bind_port = l.bind_port;
    fresh.protocol = l.protocol;
    return fresh;
}

void table::add_rules(const config::listener& l, const config::attached_route& attached,
                      socket_table::served& into) {
    const auto& route = model_->routes[attached.route];
    const auto compile_values = [this](const config::lean_vector<config::value_match>& values) {
        std::vector<const RE2*> patterns;
        for (const auto& v : values) {
            patterns.push_back(v.kind == config::match_kind::regex ? pattern(v.value) : nullptr);
        }
        return patterns;
    };
    for (std::uint32_t r = 0; r < route.rules.size(); ++r) {
        const auto& config = route.rules[r];
        const auto& owner = rules_.emplace_back(
            rule{&l, &route, &config, route_order_[attached.route], r, is_plain(config.filters)});
        for (std::uint32_t m = 0; m < config.matches.size(); ++m) {
            candidate c{&owner, &config.matches[m], m, nullptr, {}, {}};
            if (c.match->path == config::path_kind::regex) {
                c.path = pattern(c.match->path_value);
                if (c.path == nullptr) continue;
            }
            c.header_patterns = compile_values(c.match->headers);
            c.query_patterns = compile_values(c.match->query);
            if (attached.hostnames.empty()) into.hosts.at("").add(c);
            for (const auto& hostname : attached.hostnames) into.hosts.at(hostname).add(c);
        }
    }
}

void table::add_listener(const config::listener& l) {
    auto& socket = socket_of(l);
    auto& served = socket.listeners.emplace_back();
    served.listener = &l;
    for (const auto& attached : l.routes) add_rules(l, attached, served);
    served.hosts.each([](rule_index& index) { index.finish(); });
    auto*& slot = socket.by_hostname.at(l.hostname);
    if (slot == nullptr) slot = &served;
}

std::shared_ptr<const table> table::compile(std::shared_ptr<const config::model> source) {
    std::shared_ptr<table> made(new table(std::move(source)));
    made->order_routes();
    for (const auto& l : made->model_->listeners) made->add_listener(l);
    return made;
}

const socket_table* table::find_socket(std::string_view bind_address,
                                       std::uint16_t bind_port) const {
    for (const auto& s : sockets_) {
        if (s.bind_port == bind_port && s.bind_address == bind_address) return &s;
    }
    return nullptr;
}

match_result table::match(const socket_table& socket, const request_view& request) {
    // An HTTP/1.0 client without Host has named its host in the handshake.
    const canonical_host host(request.host.empty() ? request.sni : request.host);
    const auto* served = listener_for(socket, host.view());
    if (served == nullptr) return {};  // no listener would do better: not misdirected
    if (!request.sni.empty()) {
        const canonical_host name(request.sni);
        if (listener_for(socket, name.view()) != served)
            return {outcome::misdirected, served->listener, nullptr, nullptr};
    }
    const candidate* found = nullptr;
    served->hosts.visit(host.view(), [&](const rule_index& rules) {
        found = rules.find(request);
        return found != nullptr;
    });
    if (found == nullptr) return {outcome::no_rule, served->listener, nullptr, nullptr};
    return {outcome::matched, served->listener, found->owner, found->match};
}

}  // namespace weir::gateway
