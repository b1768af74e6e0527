#pragma once

#include <string>

namespace weir::config {

/// What keeps a PEM chain and key from serving TLS together, or an empty string. The same questions
/// the wire asks later, so that a listener is refused where its file can be named.
std::string certificate_problem(const std::string& chain_pem, const std::string& key_pem);

}  // namespace weir::config
