#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace weir::http {

/// The certificates of one listening socket, chosen by the server name a client asks for. TLS 1.2
/// and 1.3, HTTP/1.1 by ALPN. Immutable; any thread. Sessions refer to it: it must outlive them.
class tls_context {
  public:
    struct key_pair {
        std::string chain_pem;
        std::string key_pem;
        bool operator==(const key_pair&) const = default;
    };
    struct host {
        std::string name;             ///< lower case; may start with `*.`; empty: any
        std::vector<key_pair> pairs;  ///< of any names and kinds of key; the first is the default
        bool operator==(const host&) const = default;
    };

    /// Null when a chain or key cannot be used; `problem` says which.
    static std::shared_ptr<const tls_context> make(std::vector<host> hosts, std::string& problem);
    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    const std::vector<host>& hosts() const { return hosts_; }
    /// A server's session on a connected socket; the caller's to free. Null: out of memory.
    ssl_st* open(int fd) const;
    /// What a client that asks for `name` is shown: of the most specific host that fits, for an
    /// empty name of the first one where none serves every name, the certificate that has the name,
    /// itself or by a wildcard, else the first. Null: nothing fits.
    ssl_ctx_st* find(std::string_view name) const;

  private:
    explicit tls_context(std::vector<host> hosts) : hosts_(std::move(hosts)) {}

    /// The contexts of one host, one for each set of names its certificates have; certificates of
    /// the same names and other kinds of key share one.
    using shown = std::vector<ssl_ctx_st*>;

    ssl_ctx_st* new_context();
    const shown* find_host(std::string_view name) const;

    std::vector<host> hosts_;
    std::vector<shown> contexts_;  ///< of the host at the same place; never empty
};

}  // namespace weir::http
