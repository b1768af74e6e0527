#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/model.hpp"

namespace weir::config {

/// Finds weir's own listener behind the address of an endpoint. The listeners outlive it.
class own_sockets {
  public:
    explicit own_sockets(const std::vector<listener>& listeners);

    /// The listener that a connection to `host` (an IP literal or `localhost`) would reach, or
    /// null.
    const listener* find(const std::string& host, std::uint16_t port) const;

  private:
    std::unordered_map<std::string, const listener*> sockets_;  ///< by address and port
    std::vector<bool> ports_;                                   ///< that any of them has
};

/// Says that the endpoint `authority`, written at `at`, is this listener and is left out.
void warn_of_own_listener(findings& found, std::string_view authority, const listener& own,
                          const span& at);

}  // namespace weir::config
