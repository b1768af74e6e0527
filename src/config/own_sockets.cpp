#include "config/own_sockets.hpp"

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"

namespace weir::config {
namespace {

std::string key_of(std::string_view address, std::uint16_t port) {
    return std::string(address) + " " + std::to_string(port);
}

}  // namespace

own_sockets::own_sockets(const std::vector<listener>& listeners) : ports_(65536) {
    for (const auto& l : listeners) {
        sockets_.try_emplace(key_of(l.bind_address, l.bind_port), &l);
        ports_[l.bind_port] = true;
    }
}

const listener* own_sockets::find(const std::string& host, std::uint16_t port) const {
    if (!ports_[port]) return nullptr;
    std::vector<std::string_view> addresses{host};
    const bool name = iequals(host, "localhost");
    if (name || host == "127.0.0.1" || host == "::1")
        addresses.insert(addresses.end(), {"0.0.0.0", "::"});
    if (name) addresses.insert(addresses.end(), {"127.0.0.1", "::1"});
    for (const auto address : addresses) {
        const auto found = sockets_.find(key_of(address, port));
        if (found != sockets_.end()) return found->second;
    }
    return nullptr;
}

void warn_of_own_listener(findings& found, std::string_view authority, const listener& own,
                          const span& at) {
    auto& f = found.warning(codes::endpoint_is_listener,
                            "endpoint " + std::string(authority) + " is weir's own listener " +
                                own.gateway + "/" + own.name,
                            at);
    f.help = "name the port of the model server, or move the listener with --listen or --port-map";
    f.note = "it is left out: every request would come back until it fails";
}

}  // namespace weir::config
