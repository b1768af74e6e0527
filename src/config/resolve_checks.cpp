#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "config/own_sockets.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

// --- matches that never get a request
// ----------------------------------------------------------------

/// One entry of a rule's `matches` as a listener serves it.
struct match_place {
    std::uint32_t route;
    std::uint32_t rule;
    std::uint32_t match;
};

void append_values(std::string& key, const lean_vector<value_match>& values) {
    std::vector<std::string> parts;
    for (const auto& v : values) {
        parts.push_back(v.name + '=' + (v.kind == match_kind::regex ? '~' : '=') + v.value);
    }
    std::sort(parts.begin(), parts.end());
    for (const auto& p : parts) key.append(p).append(1, '\0');
    key += '\1';
}

/// Equal for matches that accept the same requests.
std::string key_of(const rule_match& m, std::string_view hostname) {
    std::string key(hostname);
    std::string_view path = m.path_value;
    while (m.path == path_kind::prefix && path.ends_with('/')) path.remove_suffix(1);
    key.append(1, '\0').append(1, static_cast<char>('0' + static_cast<int>(m.path))).append(path);
    key.append(1, '\0').append(m.method).append(1, '\0');
    append_values(key, m.headers);
    append_values(key, m.query);
    return key;
}

bool is_catch_all_pattern(const rule_match& m) {
    if (m.path != path_kind::regex || !m.method.empty() || !m.headers.empty() || !m.query.empty())
        return false;
    for (const auto* all : {".*", "/.*", "^.*$", "^/.*$", "^/.*", "^.*", ".+", "/?.*"}) {
        if (m.path_value == all) return true;
    }
    return false;
}

class match_checker {
  public:
    explicit match_checker(resolve_state& state) : state_(state) {
        order_.resize(state.out.routes.size());
        std::vector<std::pair<std::string, std::uint32_t>> sorted;
        sorted.reserve(order_.size());
        for (const auto& r : state.out.routes) {
            sorted.emplace_back(age_key(r), static_cast<std::uint32_t>(sorted.size()));
        }
        std::sort(sorted.begin(), sorted.end());
        for (std::uint32_t place = 0; place < sorted.size(); ++place)
            order_[sorted[place].second] = place;
    }

    void check(const listener& l) {
        std::unordered_map<std::string, match_place> best;
        std::unordered_map<std::string, match_place> catch_all;  // by hostname
        each_match(l,
                   [&](const match_place& place, const rule_match& m, const std::string& hostname) {
                       auto [found, fresh] = best.try_emplace(key_of(m, hostname), place);
                       if (!fresh) {
                           auto loser = place;
                           if (wins(place, found->second)) std::swap(found->second, loser);
                           report_duplicate(loser, found->second);
                       }
                       if (is_catch_all_pattern(m)) catch_all.try_emplace(hostname, place);
                   });
        if (catch_all.empty()) return;
        each_match(l,
                   [&](const match_place& place, const rule_match& m, const std::string& hostname) {
                       if (m.path != path_kind::prefix) return;
                       if (const auto found = catch_all.find(hostname); found != catch_all.end())
                           report_shadowed(place, found->second);
                   });
    }

  private:
    static std::string age_key(const route& r) {
        return (r.created.empty() ? std::string("~") : r.created) + '\0' + r.name_space + "/" +
               r.name;
    }

    template <class F>
    void each_match(const listener& l, F&& f) {
        static const std::vector<std::string> any_host{""};
        for (const auto& attached : l.routes) {
            const auto& rules = state_.out.routes[attached.route].rules;
            for (std::uint32_t r = 0; r < rules.size(); ++r) {
                for (std::uint32_t m = 0; m < rules[r].matches.size(); ++m) {
                    for (const auto& h :
                         attached.hostnames.empty() ? any_host : attached.hostnames) {
                        match_place place{attached.route, r, m};
                        f(place, rules[r].matches[m], h);
                    }
                }
            }
        }
    }

    bool wins(const match_place& a, const match_place& b) const {
        return std::tuple(order_[a.route], a.rule, a.match) <
               std::tuple(order_[b.route], b.rule, b.match);
    }

    /// The place of a match in the files; false for one that no file wrote, or that was reported
    /// before.
    bool may_report(const match_place& p) {
        if (p.route >= state_.routes.size()) return false;
        return reported_.insert((std::uint64_t{p.route} << 32) | (p.rule << 16) | p.match).second;
    }

    const match_spec& spec_of(const match_place& p) const {
        return state_.routes[p.route].from->rules[p.rule].matches[p.match];
    }

    std::string where(const match_place& p) const {
        const auto& r = state_.out.routes[p.route];
        std::string written =
            "HTTPRoute " + r.name_space + "/" + r.name + ", rule " + std::to_string(p.rule + 1);
        if (p.route >= state_.routes.size()) return written;
        const auto& at = spec_of(p).at;
        if (at.file != nullptr)
            written += " (" + at.file->path + ":" + std::to_string(at.start.line) + ")";
        return written;
    }

    void report_duplicate(const match_place& loser, const match_place& winner) {
        if (!may_report(loser)) return;
        auto& f = state_.found.warning(codes::duplicate_match,
                                       "this match can never apply: another one is the same",
                                       spec_of(loser).path_at);
        f.help = where(winner) + " comes first: oldest route, then namespace/name, then rule order";
        f.note = "the client gets the answer of the other rule";
    }

    void report_shadowed(const match_place& loser, const match_place& winner) {
        if (!may_report(loser)) return;
        auto& f = state_.found.warning(codes::shadowed_match,
                                       "this match can never apply: a regular expression takes all",
                                       spec_of(loser).path_at);
        f.help = where(winner) +
                 " matches every path, and a regular expression ranks before every PathPrefix; use "
                 "PathPrefix / there";
        f.note = "the client gets the answer of the other rule";
    }

    resolve_state& state_;
    std::vector<std::uint32_t> order_;
    std::unordered_set<std::uint64_t> reported_;
};

// --- endpoints
// ---------------------------------------------------------------------------------------

class endpoint_checker {
  public:
    explicit endpoint_checker(resolve_state& state) : state_(state), own_(state.out.listeners) {
        for (const auto& pod : state.in.pods) pods_.try_emplace(pod.meta.id(), &pod);
    }

    void check(pool& p);
    void check(service& s);

  private:
    void leave_out_own(std::vector<endpoint_source>& endpoints, const std::string& name_space,
                       const span& otherwise);

    /// Where the Pod of an endpoint is written, else `otherwise`.
    span place_of(const std::string& name_space, const endpoint_source& e,
                  const span& otherwise) const {
        const auto pod = pods_.find(name_space + "/" + e.name);
        if (pod == pods_.end()) return otherwise;
        if (!pod->second->ips.empty()) return pod->second->ips.front().at;
        return pod->second->address ? pod->second->address->at : pod->second->meta.at;
    }

    resolve_state& state_;
    const own_sockets own_;
    std::unordered_map<std::string, const pod_resource*> pods_;
};

void endpoint_checker::check(pool& p) {
    leave_out_own(p.endpoints, p.name_space, p.at);
    std::unordered_map<std::uint16_t, std::unordered_map<std::string_view, const endpoint_source*>>
        seen;
    for (const auto& e : p.endpoints) {
        for (const auto port : e.ports) {
            if (port == 0) continue;
            const auto [other, fresh] = seen[port].try_emplace(e.host, &e);
            if (fresh) continue;
            auto& f =
                state_.found.warning(codes::endpoint_twice,
                                     join_host_port(e.host, port) +
                                         " is an endpoint of InferencePool " + p.id() + " twice",
                                     place_of(p.name_space, e, p.at));
            f.help = "the other one is " + other->second->name +
                     "; give each model server an address of its own";
            f.note = "the same server gets two shares of the traffic";
        }
    }
}

void endpoint_checker::check(service& s) {
    const auto from = state_.services.find(s.name_space + "/" + s.name);
    leave_out_own(s.endpoints, s.name_space,
                  from == state_.services.end() ? span{} : from->second->meta.at);
}

/// An endpoint that is weir's own listener is left out: one request would come back until
/// connections run out.
void endpoint_checker::leave_out_own(std::vector<endpoint_source>& endpoints,
                                     const std::string& name_space, const span& otherwise) {
    for (auto& e : endpoints) {
        for (auto& port : e.ports) {
            const auto* l = port == 0 ? nullptr : own_.find(e.host, port);
            if (l == nullptr) continue;
            warn_of_own_listener(state_.found, join_host_port(e.host, port), *l,
                                 place_of(name_space, e, otherwise));
            port = 0;
        }
    }
}

/// Which pools some route leads to, and which it names without being let through.
std::vector<bool> reached_pools(const resolve_state& state) {
    std::vector<bool> reached(state.pools.size());
    for (const auto& route : state.out.routes) {
        for (const auto& rule : route.rules) {
            for (const auto& b : rule.backends) {
                if (b.target.kind == backend_kind::pool) reached[b.target.index] = true;
            }
        }
    }
    for (const auto& route : state.routes) {
        for (const auto pool : route.pools) reached[pool] = true;
    }
    std::unordered_set<std::string> named;
    for (const auto& route : state.in.http_routes) {
        for (const auto& rule : route.rules) {
            for (const auto& b : rule.backends) {
                const auto& space =
                    b.ref.name_space ? b.ref.name_space->value : route.meta.name_space.value;
                named.insert(space + "/" + b.ref.name.value);
            }
        }
    }
    for (std::size_t i = 0; i < reached.size(); ++i) {
        const auto* from = state.pools[i].from;
        if (from != nullptr && named.contains(from->meta.id())) reached[i] = true;
    }
    return reached;
}

/// Gateways that a route names, or that carry the quick start's route.
std::vector<bool> named_gateways(const resolve_state& state) {
    std::vector<bool> named(state.gateways.size());
    for (const auto& route : state.routes) {
        for (const auto& p : route.parents) {
            if (p.gateway >= 0) named[static_cast<std::size_t>(p.gateway)] = true;
        }
    }
    for (std::size_t g = 0; g < named.size(); ++g) {
        for (const auto& l : state.gateways[g].listeners) {
            for (const auto served : l.served) {
                if (!state.out.listeners[served].routes.empty()) named[g] = true;
            }
        }
    }
    return named;
}

}  // namespace

void check_matches(resolve_state& state) {
    match_checker checker(state);
    for (const auto& l : state.out.listeners) checker.check(l);
}

void check_reachability(resolve_state& state) {
    const auto reached = reached_pools(state);
    for (std::uint32_t i = 0; i < state.pools.size(); ++i) {
        const auto* from = state.pools[i].from;
        if (from == nullptr || from->meta.name.value.empty() || reached[i]) continue;
        auto& f = state.found.warning(codes::pool_without_route,
                                      "no HTTPRoute leads to InferencePool " + from->meta.id(),
                                      from->meta.at);
        f.help = "add an HTTPRoute with a backendRef {group: " + from->meta.group +
                 ", kind: InferencePool, name: " + from->meta.name.value + "}";
        f.note = "the client sees 404";
    }
    const auto named = named_gateways(state);
    for (std::size_t g = 0; g < state.gateways.size(); ++g) {
        const auto& gateway = state.gateways[g];
        if (gateway.from == nullptr || gateway.name.empty() || named[g]) continue;
        auto& f = state.found.warning(codes::gateway_without_route,
                                      "no HTTPRoute has Gateway " + gateway.id() + " as a parent",
                                      gateway.from->meta.at);
        f.help = "add an HTTPRoute with parentRefs: [{name: " + gateway.name + "}]";
        f.note = "the client sees 404 for everything";
    }
}

void check_endpoints(resolve_state& state) {
    endpoint_checker checker(state);
    for (auto& p : state.out.pools) checker.check(p);
    for (auto& s : state.out.services) checker.check(s);
}

}  // namespace weir::config
