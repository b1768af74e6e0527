#include "datalayer/source_tls.hpp"

namespace weir::datalayer {

std::shared_ptr<const http::tls_client> tls_of(const config::source_settings& source,
                                               std::string& problem) {
    if (source.scheme != "https") return nullptr;
    auto made = http::tls_client::make({!source.insecure_skip_verify, source.ca_cert_path,
                                        source.client_cert_path, source.client_key_path},
                                       problem);
    if (!made) problem = source.name + ": " + problem;
    return made;
}

}  // namespace weir::datalayer
