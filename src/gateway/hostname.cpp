#include "gateway/hostname.hpp"

namespace weir::gateway {

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const auto close = host.find(']');
        return close == std::string_view::npos ? host : host.substr(0, close + 1);
    }
    return host.substr(0, host.find(':'));
}

canonical_host::canonical_host(std::string_view host) {
    host = without_port(host);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() > 253) return;
    for (const char c : host) {
        text_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
}

}  // namespace weir::gateway
