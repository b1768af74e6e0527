#include "http/address.hpp"

#include <arpa/inet.h>

#include <cstring>

#include "base/strings.hpp"

namespace weir::http {
namespace {

/// Writes 0 to 255 in decimal; where it ends.
char* put_byte(char* out, std::uint32_t value) {
    const auto digit = [&](std::uint32_t d) { *out++ = static_cast<char>('0' + d); };
    if (value >= 100) digit(value / 100);
    if (value >= 10) digit(value / 10 % 10);
    digit(value % 10);
    return out;
}

}  // namespace

std::optional<address> address::parse(std::string_view ip, std::uint16_t port) {
    if (ip.size() >= 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
    const std::string text(ip);
    sockaddr_in v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        return from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
    return std::nullopt;
}

std::optional<address> address::parse(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port_text = authority.substr(colon + 1);
    const auto port = parse_int(port_text);
    if (!port || *port < 0 || *port > 65535 || port_text.front() == '+') return std::nullopt;
    auto ip = authority.substr(0, colon);
    if (ip.empty()) ip = "0.0.0.0";
    if (ip.find(':') != std::string_view::npos && ip.front() != '[') return std::nullopt;
    return parse(ip, static_cast<std::uint16_t>(*port));
}

address address::from(const sockaddr* sa, socklen_t size) {
    address out;
    std::memcpy(&out.storage_, sa, size);
    out.size_ = size;
    return out;
}

std::uint16_t address::port() const {
    if (family() == AF_INET6) {
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
    }
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
}

void address::set_port(std::uint16_t port) {
    if (family() == AF_INET6) {
        reinterpret_cast<sockaddr_in6*>(&storage_)->sin6_port = htons(port);
    } else {
        reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
    }
}

bool address::is_loopback() const {
    if (family() == AF_INET6) {
        const auto& a = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(&a);
    }
    const auto a = ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr);
    return (a >> 24) == 127;
}

std::string address::ip() const {
    std::string out;
    if (family() == AF_INET6) {
        char text[INET6_ADDRSTRLEN] = "";
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr, text,
                  sizeof text);
        out = text;
    } else if (family() == AF_INET) {
        // Once a request: inet_ntop goes through sprintf, twenty times the work.
        const auto ip = ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr);
        char text[INET_ADDRSTRLEN];
        char* end = text;
        for (int shift = 24; shift >= 0; shift -= 8) {
            end = put_byte(end, ip >> shift & 0xFF);
            *end++ = '.';
        }
        out.assign(text, end - 1);
    }
    return out;
}

std::string address::authority() const {
    const auto host = ip();
    return (family() == AF_INET6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

bool address::operator==(const address& other) const {
    return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
}

}  // namespace weir::http
