#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/worker_thread.hpp"
#include "gateway/table.hpp"

namespace weir::app {

/// Listening descriptors, one a worker, by the address that the configuration names.
using socket_fds = std::map<socket_key, std::vector<int>>;

/// Those that nobody will serve after all.
void close_sockets(socket_fds& opened);

/// Which addresses a routing table wants to be served.
std::set<socket_key> wanted_sockets(const gateway::table& table);

/// The addresses that clients reach weir at. Binds; the workers accept. Control thread.
class data_sockets {
  public:
    explicit data_sockets(unsigned workers) : workers_(workers) {}

    /// Binds what `table` asks for and is not open yet: all of it, or nothing. Empty: done, else a
    /// sentence that says what could not be bound, and the cure.
    std::string open(const gateway::table& table, socket_fds& opened);

    /// The addresses that are open, in order.
    const std::set<socket_key>& served() const { return served_; }
    void note_served(const socket_key& key) { served_.insert(key); }
    /// Those that `table` no longer asks for; they count as closed from here on.
    std::vector<socket_key> leave(const gateway::table& table);

    /// `ip:port`, with the port that the kernel chose where the configuration says 0.
    std::string authority(const socket_key& key) const;

  private:
    std::string bind(const socket_key& key, std::vector<int>& fds);

    unsigned workers_;
    std::set<socket_key> served_;
    std::map<socket_key, std::uint16_t> ports_;  ///< what the kernel chose for port 0
};

}  // namespace weir::app
