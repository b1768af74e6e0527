#include "app/tls_sockets.hpp"

#include <utility>
#include <vector>

#include "base/strings.hpp"

namespace weir::app {
namespace {

std::vector<http::tls_context::host> hosts_of(const gateway::socket_table& socket) {
    std::vector<http::tls_context::host> out;
    for (const auto& served : socket.listeners) {
        auto& host = out.emplace_back();
        host.name = to_lower(served.listener->hostname);
        for (const auto& c : served.listener->certificates) {
            host.pairs.push_back({c.chain_pem, c.key_pem});
        }
    }
    return out;
}

}  // namespace

tls_sockets tls_of(const gateway::table& table, const tls_sockets& before, std::string& problem) {
    tls_sockets out;
    for (const auto& socket : table.sockets()) {
        if (socket.protocol != config::listener_protocol::https) continue;
        const socket_key key{socket.bind_address, socket.bind_port};
        auto hosts = hosts_of(socket);
        const auto old = before.find(key);
        if (old != before.end() && old->second->hosts() == hosts) {
            out.insert(*old);
            continue;
        }
        std::string why;
        auto made = http::tls_context::make(std::move(hosts), why);
        if (!made) {
            problem =
                "certificates of " + key.first + ":" + std::to_string(key.second) + ": " + why;
            return {};
        }
        out.emplace(key, std::move(made));
    }
    return out;
}

}  // namespace weir::app
