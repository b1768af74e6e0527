#pragma once

#include "http/address.hpp"

namespace weir::http {

/// What every TCP connection is set to, accepted or opened: nothing is held back to fill a packet,
/// and between processes of one machine, where nothing is congested, the congestion control that
/// reckons least. Some systems' default, BBR, models a path and paces what it sends there too.
void set_up_tcp(int fd, const address& peer);

}  // namespace weir::http
