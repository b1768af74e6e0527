#pragma once

#include <string_view>

#include "http/exchange.hpp"

namespace weir::sim {

/// Ways to end a connection that no well-behaved server has. The exchange is gone afterwards.
void reset_connection(http::exchange& ex);
void close_connection(http::exchange& ex);
/// Sends `bytes` as they are, then closes.
void send_raw(http::exchange& ex, std::string_view bytes);

}  // namespace weir::sim
