#pragma once

#include <memory>
#include <string>

#include "config/picker_settings.hpp"
#include "http/tls_client.hpp"

namespace weir::datalayer {

/// How the server of a `scheme: https` source is spoken to. Null for `http`; null with a `problem`
/// where a file that the source names cannot be used.
std::shared_ptr<const http::tls_client> tls_of(const config::source_settings& source,
                                               std::string& problem);

}  // namespace weir::datalayer
