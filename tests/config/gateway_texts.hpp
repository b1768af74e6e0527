#pragma once

#include <string>
#include <string_view>

#include "../support/certificate_pem.hpp"
#include "resolve_support.hpp"

namespace weir::config::testing {

inline std::string of_gateway(const resolved& r, std::string_view type,
                              std::string_view name = "gw") {
    return r.condition_of("Gateway", name, "", type);
}
inline std::string of_listener(const resolved& r, std::string_view listener, std::string_view type,
                               std::string_view name = "gw") {
    return r.condition_of("Gateway", name, listener, type);
}

/// A PEM text as a block scalar of a Secret's stringData.
inline std::string block(std::string_view pem) {
    std::string out = "|\n    ";
    for (const char c : pem) {
        out += c;
        if (c == '\n') out += "    ";
    }
    return out + "\n";
}

inline std::string secret(const std::string& metadata) {
    return "apiVersion: v1\nkind: Secret\nmetadata: {" + metadata +
           "}\ntype: kubernetes.io/tls\nstringData:\n  tls.crt: " + block(test_certificate) +
           "  tls.key: " + block(test_key);
}

inline const std::string cert = secret("name: cert");

inline std::string https_listener(const std::string& name, const std::string& hostname,
                                  const std::string& ref = "name: cert") {
    return "  - name: " + name + "\n    port: 443\n    protocol: HTTPS\n" +
           (hostname.empty() ? "" : "    hostname: \"" + hostname + "\"\n") +
           "    tls: {certificateRefs: [{" + ref + "}]}\n";
}

}  // namespace weir::config::testing
