#pragma once

#include <memory>
#include <string>
#include <utility>

struct ssl_ctx_st;
struct ssl_st;

namespace weir::http {

class address;

/// How servers are spoken to over TLS: whom to believe, and who we are. TLS 1.2 and 1.3, HTTP/1.1.
/// Immutable; any thread. Its sessions may outlive it.
class tls_client {
  public:
    struct settings {
        bool verify = false;    ///< the chain, and that it is for the address asked
        std::string ca_path;    ///< whom to believe; empty: the system's authorities
        std::string cert_path;  ///< our own chain and its key; empty: none is shown
        std::string key_path;
        bool operator==(const settings&) const = default;
    };

    /// Null when a file cannot be used; `problem` says which.
    static std::shared_ptr<const tls_client> make(settings from, std::string& problem);
    ~tls_client();
    tls_client(const tls_client&) = delete;
    tls_client& operator=(const tls_client&) = delete;

    const settings& from() const { return settings_; }
    /// A client's session on a socket that connects to `peer`; the caller's to free. Null: out of
    /// memory.
    ssl_st* open(int fd, const address& peer) const;

  private:
    tls_client(settings from, ssl_ctx_st* context)
        : settings_(std::move(from)), context_(context) {}

    settings settings_;
    ssl_ctx_st* context_;
};

}  // namespace weir::http
