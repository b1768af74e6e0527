#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::gateway {

/// Hash and comparison that let a map of owned strings be searched by a view without a copy.
struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};
template <class V>
using text_map = std::unordered_map<std::string, V, text_hash, std::equal_to<>>;

/// A Host field as hostnames are compared: without port, without brackets, lower case, without one
/// trailing dot. Empty when it is no name that a manifest could hold (longer than 253 characters).
/// Owns its text.
class canonical_host {
  public:
    explicit canonical_host(std::string_view host);
    std::string_view view() const { return {text_.data(), size_}; }

  private:
    std::array<char, 256> text_;
    std::size_t size_ = 0;
};

/// The host of a Host field without its port; an IPv6 literal keeps its brackets.
std::string_view without_port(std::string_view host);

/// Values by hostname: exact names, wildcards (`*.example.com`, any depth, never the apex) and "any
/// host".
template <class T>
class host_map {
  public:
    /// The value of a hostname as a manifest writes it, made when it is new; empty: any host.
    T& at(std::string_view hostname) {
        if (hostname.empty()) {
            if (!any_) any_.emplace();
            return *any_;
        }
        const bool wildcard = hostname.starts_with("*.");
        auto& names = wildcard ? wildcards_ : exact_;
        return names[std::string(wildcard ? hostname.substr(1) : hostname)];
    }

    /// Calls `f` for each value that matches, most specific first, until it returns true. `host` is
    /// canonical.
    template <class F>
    bool visit(std::string_view host, F&& f) const {
        if (!exact_.empty()) {  // an empty map hashes too
            const auto found = exact_.find(host);
            if (found != exact_.end() && f(found->second)) return true;
        }
        if (!wildcards_.empty()) {
            for (auto dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
                if (dot == 0) continue;
                const auto found = wildcards_.find(host.substr(dot));
                if (found != wildcards_.end() && f(found->second)) return true;
            }
        }
        return any_ && f(*any_);
    }

    template <class F>
    void each(F&& f) {
        for (auto& [name, value] : exact_) f(value);
        for (auto& [name, value] : wildcards_) f(value);
        if (any_) f(*any_);
    }

  private:
    text_map<T> exact_;
    text_map<T> wildcards_;  ///< by suffix, the dot included
    std::optional<T> any_;
};

}  // namespace weir::gateway
