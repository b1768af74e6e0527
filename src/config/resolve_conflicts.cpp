#include "config/resolve_conflicts.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/resolve_codes.hpp"
#include "config/resolve_hostnames.hpp"

namespace weir::config {
namespace {

/// Which protocols may share a port.
enum class wire : std::uint8_t { http, tls, tcp, udp };
wire wire_of(std::string_view protocol) {
    if (protocol == "HTTP") return wire::http;
    if (protocol == "HTTPS" || protocol == "TLS") return wire::tls;
    return protocol == "UDP" ? wire::udp : wire::tcp;
}

/// Listeners of all Gateways that would be bound to one address and port.
struct socket_claims {
    std::vector<listener_state*> listeners;
    std::vector<gateway_state*> gateways;
};

void mark_conflict(resolve_state& state, const gateway_state& g, listener_state& l,
                   std::string_view reason, const std::string& other) {
    if (l.conflicted) return;
    l.conflicted = true;
    const bool hostname = reason == "HostnameConflict";
    const auto why = hostname ? "listener " + other + " has the same port, protocol and hostname"
                              : "listener " + other + " speaks another protocol on the same port";
    l.conditions.set("Conflicted", true, reason, why);
    auto& f =
        state.found.warning(codes::listener_conflict,
                            "listener " + g.id() + "/" + l.name + " is in conflict: " + why, l.at);
    f.help = hostname ? "give each a hostname, a port, or its Gateway an address of its own "
                        "(spec.addresses: 127.0.0.2)"
                      : "give each protocol a port of its own";
    f.note = "none of the listeners in conflict is served";
}

/// A mapped port that meets a listener which really has that number: the mapping loses.
bool mark_unavailable(resolve_state& state, const gateway_state& g, listener_state& l,
                      const std::string& other) {
    if (l.port == l.bind_port || !l.accepted) return false;
    l.accepted = false;
    const auto why = "--port-map puts it on port " + std::to_string(l.bind_port) +
                     ", which listener " + other + " has";
    l.conditions.set("Accepted", false, "PortUnavailable", why);
    auto& f = state.found.warning(codes::listener_conflict,
                                  "listener " + g.id() + "/" + l.name + ": " + why, l.at);
    f.help = "map it to another port";
    return true;
}

std::string name_of(const socket_claims& claims, std::size_t i) {
    return claims.gateways[i]->id() + "/" + claims.listeners[i]->name;
}

/// HTTPS listeners of different hostnames that a client's certificate check could mix up.
void find_overlap(const socket_claims& claims, std::size_t a, std::size_t b) {
    auto& one = *claims.listeners[a];
    auto& two = *claims.listeners[b];
    if (one.protocol != "HTTPS" || two.protocol != "HTTPS" || one.hostname == two.hostname) return;
    const bool same_certificate =
        one.certificate_names == two.certificate_names && !one.certificate_names.empty();
    const bool overlap = hostnames_overlap(one.hostname, two.hostname);
    if (!overlap && !same_certificate) return;
    for (auto* l : {&one, &two}) {
        l->conditions.set("OverlappingTLSConfig", true,
                          overlap ? "OverlappingHostnames" : "OverlappingCertificates",
                          "overlaps with listener " + name_of(claims, l == &one ? b : a));
    }
}

/// Two listeners of one socket that cannot both be served.
void compare(resolve_state& state, const socket_claims& claims, std::size_t a, std::size_t b) {
    auto& one = *claims.listeners[a];
    auto& two = *claims.listeners[b];
    const auto& one_gateway = *claims.gateways[a];
    const auto& two_gateway = *claims.gateways[b];
    const bool protocols = wire_of(one.protocol) != wire_of(two.protocol);
    if (one.port != two.port) {
        if (mark_unavailable(state, one_gateway, one, name_of(claims, b)) ||
            mark_unavailable(state, two_gateway, two, name_of(claims, a))) {
            return;
        }
    }
    const auto reason = protocols ? "ProtocolConflict" : "HostnameConflict";
    mark_conflict(state, one_gateway, one, reason, name_of(claims, b));
    mark_conflict(state, two_gateway, two, reason, name_of(claims, a));
}

bool lost_its_port(const listener_state& l) {
    const auto* accepted = l.conditions.find("Accepted");
    return accepted != nullptr && accepted->reason == "PortUnavailable";
}

/// Compares each listener of one socket with the first it could be in conflict with. Not all pairs:
/// a file may have thousands of them.
void find_conflicts_of(resolve_state& state, const socket_claims& claims) {
    std::map<wire, std::size_t> first_of_wire;
    std::map<std::pair<wire, std::string>, std::size_t> first_of_name;
    for (std::size_t i = 0; i < claims.listeners.size(); ++i) {
        const auto& l = *claims.listeners[i];
        const auto own = wire_of(l.protocol);
        const bool first = first_of_wire.try_emplace(own, i).second;
        for (const auto& [other, index] : first_of_wire) {
            if (other == own) continue;
            compare(state, claims, index, i);
            // The first of a new protocol meets all that came before it.
            for (std::size_t j = 0; first && j < i; ++j) {
                if (wire_of(claims.listeners[j]->protocol) == other) compare(state, claims, j, i);
            }
        }
        const auto [same, fresh] = first_of_name.try_emplace({own, l.hostname}, i);
        if (fresh) continue;
        compare(state, claims, same->second, i);
        if (lost_its_port(*claims.listeners[same->second])) same->second = i;
    }
    // Overlaps are only told; a socket with more certificates than this goes without.
    constexpr std::size_t told = 1000;
    if (claims.listeners.size() > told) return;
    for (std::size_t a = 0; a < claims.listeners.size(); ++a) {
        for (std::size_t b = a + 1; b < claims.listeners.size(); ++b) find_overlap(claims, a, b);
    }
}

}  // namespace

void find_listener_conflicts(resolve_state& state) {
    std::map<std::pair<std::string, std::uint16_t>, socket_claims> sockets;
    for (auto& g : state.gateways) {
        for (auto& l : g.listeners) {
            if (!g.accepted || wire_of(l.protocol) == wire::udp) continue;
            for (const auto& address : g.addresses) {
                auto& claims = sockets[{address, l.bind_port}];
                claims.listeners.push_back(&l);
                claims.gateways.push_back(&g);
            }
        }
    }
    for (const auto& [socket, claims] : sockets) find_conflicts_of(state, claims);
}

}  // namespace weir::config
