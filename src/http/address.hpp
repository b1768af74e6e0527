#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

/// A numeric IPv4 or IPv6 address and port, as the socket calls want it. Copyable, compared by
/// value.
class address {
  public:
    address() = default;

    /// From an IP literal (IPv6 with or without brackets); nothing when it is none.
    static std::optional<address> parse(std::string_view ip, std::uint16_t port);
    /// From `ip:port`, `[v6]:port` or `:port` (any IPv4 address).
    static std::optional<address> parse(std::string_view authority);
    static address from(const sockaddr* sa, socklen_t size);

    const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const { return size_; }
    int family() const { return storage_.ss_family; }
    std::uint16_t port() const;
    void set_port(std::uint16_t port);
    bool is_loopback() const;

    std::string ip() const;         ///< no brackets
    std::string authority() const;  ///< `ip:port`, IPv6 in brackets

    bool operator==(const address& other) const;

  private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

}  // namespace weir::http
