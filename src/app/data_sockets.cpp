#include "app/data_sockets.hpp"

#include <unistd.h>

#include <cerrno>

#include "http/address.hpp"
#include "http/server.hpp"

namespace weir::app {

std::set<socket_key> wanted_sockets(const gateway::table& table) {
    std::set<socket_key> out;
    for (const auto& s : table.sockets()) out.emplace(s.bind_address, s.bind_port);
    return out;
}

void close_sockets(socket_fds& opened) {
    for (const auto& [key, fds] : opened) {
        for (const int fd : fds) ::close(fd);
    }
    opened.clear();
}

std::string data_sockets::open(const gateway::table& table, socket_fds& opened) {
    for (const auto& key : wanted_sockets(table)) {
        if (served_.contains(key)) continue;
        const auto problem = bind(key, opened[key]);
        if (problem.empty()) continue;
        close_sockets(opened);
        return problem;
    }
    return {};
}

/// One socket a worker. The first bind is exclusive: another process on the port, another weir too,
/// is an error and not a silent share of its traffic.
std::string data_sockets::bind(const socket_key& key, std::vector<int>& fds) {
    auto where = http::address::parse(key.first, key.second);
    if (!where) return "cannot bind " + key.first + ": not an address of this machine";
    const auto probe = http::listen_on(*where, false);
    if (!probe) {
        auto problem = "cannot bind " + where->authority() + ": " + probe.error().message();
        if (probe.error().value() == EACCES)
            problem += "; ports below 1024 need root, or --port-map " + std::to_string(key.second) +
                       "=8080";
        if (probe.error().value() == EADDRINUSE)
            problem += "; choose another port (--listen, --port-map) or stop what uses it";
        return problem;
    }
    if (key.second == 0) {
        where->set_port(http::local_port(*probe));
        ports_[key] = where->port();
    }
    ::close(*probe);
    for (unsigned i = 0; i < workers_; ++i) {
        const auto fd = http::listen_on(*where, workers_ > 1);
        if (!fd) return "cannot bind " + where->authority() + ": " + fd.error().message();
        fds.push_back(*fd);
    }
    return {};
}

std::vector<socket_key> data_sockets::leave(const gateway::table& table) {
    const auto wanted = wanted_sockets(table);
    std::vector<socket_key> gone;
    for (const auto& key : served_) {
        if (!wanted.contains(key)) gone.push_back(key);
    }
    for (const auto& key : gone) served_.erase(key);
    return gone;
}

std::string data_sockets::authority(const socket_key& key) const {
    auto where = http::address::parse(key.first, key.second);
    if (!where) return key.first + ":" + std::to_string(key.second);
    const auto chosen = ports_.find(key);
    if (chosen != ports_.end()) where->set_port(chosen->second);
    return where->authority();
}

}  // namespace weir::app
