#pragma once

#include <vector>

#include "http/address.hpp"

namespace weir::datalayer {

/// Where weir itself listens: with clients, and for its administrator. An endpoint there would send
/// each request back until connections run out, or hand clients the admin API.
class own_sockets {
  public:
    void set(std::vector<http::address> sockets) { sockets_ = std::move(sockets); }

    /// A socket bound to every address counts for each one of this machine.
    bool contains(const http::address& where) const;

  private:
    std::vector<http::address> sockets_;
};

}  // namespace weir::datalayer
