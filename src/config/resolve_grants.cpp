#include "config/resolve_grants.hpp"

#include <algorithm>

namespace weir::config {

namespace {

/// Who may refer into which namespace.
std::string key_of(std::string_view into, std::string_view group, std::string_view kind,
                   std::string_view name_space) {
    std::string key(into);
    return key.append("|").append(group).append("|").append(kind).append("|").append(name_space);
}

bool covers(const grant_to_spec& t, const grant_to& to) {
    return t.group.value == to.group && t.kind.value == to.kind &&
           (!t.name || t.name->value.empty() || t.name->value == to.name);
}

}  // namespace

grant_index::grant_index(const std::vector<reference_grant_resource>& grants) {
    for (const auto& g : grants) {
        for (const auto& f : g.from) {
            auto& list = by_referrer_[key_of(g.meta.name_space.value, f.group.value, f.kind.value,
                                             f.name_space.value)];
            if (list.empty() || list.back() != &g) list.push_back(&g);
        }
    }
}

bool grant_index::allows(const grant_from& from, const grant_to& to) const {
    if (from.name_space == to.name_space) return true;
    const auto found =
        by_referrer_.find(key_of(to.name_space, from.group, from.kind, from.name_space));
    if (found == by_referrer_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const auto* grant) {
        return std::any_of(grant->to.begin(), grant->to.end(),
                           [&](const auto& t) { return covers(t, to); });
    });
}

std::string grant_example(const grant_from& from, const grant_to& to) {
    const auto quoted = [](std::string_view s) {
        return s.empty() ? std::string("\"\"") : std::string(s);
    };
    return "add a ReferenceGrant in namespace " + std::string(to.name_space) +
           " with from: {group: " + quoted(from.group) + ", kind: " + quoted(from.kind) +
           ", namespace: " + quoted(from.name_space) + "} and to: {group: " + quoted(to.group) +
           ", kind: " + quoted(to.kind) + "}";
}

}  // namespace weir::config
