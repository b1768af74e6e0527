#include "gateway/filters.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "gateway/hostname.hpp"
#include "weir/random.hpp"

namespace weir::gateway {
namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

const pairs::value_type* first_named(const pairs& entries, std::string_view name) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& e) { return iequals(e.first, name); });
    return found == entries.end() ? nullptr : &*found;
}

bool has(const http::field_list& fields, std::string_view name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& f) { return iequals(f.name, name); });
}

std::string_view without_trailing_slashes(std::string_view s) {
    while (s.ends_with('/')) s.remove_suffix(1);
    return s;
}

std::uint16_t well_known_port(std::string_view scheme) {
    return iequals(scheme, "https") ? 443 : 80;
}

}  // namespace

http::field_list edit_headers(const config::header_edit& edit, const http::field_list& fields) {
    http::field_list out;
    for (const auto& f : fields) {
        const bool removed = std::any_of(edit.remove.begin(), edit.remove.end(),
                                         [&](const auto& name) { return iequals(name, f.name); });
        if (removed) continue;
        const auto* replacement = first_named(edit.set, f.name);
        if (replacement == nullptr) {
            out.add(f.name, f.value);
        } else if (!has(out, f.name)) {
            out.add(replacement->first, replacement->second);
        }
    }
    for (const auto& [name, value] : edit.set) {
        if (!has(out, name)) out.add(name, value);
    }
    for (const auto& entry : edit.add) {
        if (first_named(edit.add, entry.first) == &entry) out.add(entry.first, entry.second);
    }
    return out;
}

std::string rewrite_path(const config::path_modifier& modifier, const config::rule_match& matched,
                         std::string_view path) {
    if (modifier.full) return modifier.value.empty() ? std::string("/") : modifier.value;
    if (matched.path != config::path_kind::prefix) return std::string(path);
    const auto prefix = without_trailing_slashes(matched.path_value);
    if (!path.starts_with(prefix)) return std::string(path);
    std::string out(without_trailing_slashes(modifier.value));
    out += path.substr(prefix.size());
    if (out.empty()) out = "/";
    return out;
}

std::string redirect_location(const config::redirect_filter& filter,
                              const config::rule_match& matched, const redirect_source& from) {
    const std::string scheme(filter.scheme ? std::string_view(*filter.scheme) : from.scheme);
    std::uint16_t port = from.logical_port;
    if (filter.scheme) port = well_known_port(scheme);
    if (filter.port) port = *filter.port;
    std::string location = scheme + "://";
    location += filter.hostname ? std::string_view(*filter.hostname) : without_port(from.host);
    if (port != well_known_port(scheme)) location += ":" + std::to_string(port);
    location +=
        filter.path ? rewrite_path(*filter.path, matched, from.path) : std::string(from.path);
    if (from.has_query) location.append("?").append(from.query);
    return location;
}

const config::backend_ref* pick_backend(const config::route_rule& rule, std::uint64_t random) {
    std::uint64_t total = 0;
    for (const auto& b : rule.backends) total += b.weight;
    if (total == 0) return nullptr;
    auto left = rule.backends.size() == 1 ? 0 : random_source(random).below(total);
    for (const auto& b : rule.backends) {
        if (left < b.weight) return &b;
        left -= b.weight;
    }
    return nullptr;
}

bool mirror_takes(const config::mirror_filter& mirror, std::uint64_t random) {
    return random_source(random).unit() < mirror.fraction;
}

}  // namespace weir::gateway
