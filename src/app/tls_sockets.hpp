#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/worker_thread.hpp"
#include "gateway/table.hpp"
#include "http/tls.hpp"

namespace weir::app {

/// The certificates of every HTTPS socket.
using tls_sockets = std::map<socket_key, std::shared_ptr<const http::tls_context>>;

/// Those of one configuration. A socket whose certificates are the ones in `before` keeps its
/// context, and with it the sessions that clients may resume. A certificate that cannot be used is
/// said in `problem`.
tls_sockets tls_of(const gateway::table& table, const tls_sockets& before, std::string& problem);

}  // namespace weir::app
