#include "config/resolve_hostnames.hpp"

#include <algorithm>

namespace weir::config {
namespace {

bool is_wildcard(std::string_view name) { return name.starts_with("*."); }

/// Whether a wildcard covers a name; a narrower wildcard counts as a name of its own.
bool covers(std::string_view wildcard, std::string_view name) {
    const auto suffix = wildcard.substr(1);
    const auto bare = is_wildcard(name) ? name.substr(1) : name;
    return bare.size() > suffix.size() && bare.ends_with(suffix);
}

}  // namespace

std::optional<std::string> intersect_hostnames(std::string_view listener, std::string_view route) {
    if (listener.empty()) return std::string(route);
    if (route.empty() || listener == route) return std::string(listener);
    if (is_wildcard(listener) && covers(listener, route)) return std::string(route);
    if (is_wildcard(route) && covers(route, listener)) return std::string(listener);
    return std::nullopt;
}

std::optional<std::vector<std::string>> shared_hostnames(std::string_view listener,
                                                         const std::vector<std::string>& route) {
    std::vector<std::string> shared;
    if (route.empty()) {
        if (!listener.empty()) shared.emplace_back(listener);
        return shared;
    }
    for (const auto& name : route) {
        auto common = intersect_hostnames(listener, name);
        if (!common) continue;
        if (std::find(shared.begin(), shared.end(), *common) == shared.end())
            shared.push_back(std::move(*common));
    }
    if (shared.empty()) return std::nullopt;
    return shared;
}

bool hostnames_overlap(std::string_view a, std::string_view b) {
    return intersect_hostnames(a, b).has_value();
}

}  // namespace weir::config
