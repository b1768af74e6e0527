#include "config/resolve_grants.hpp"

#include <algorithm>

namespace weir::config {

grant_index::grant_index(const std::vector<reference_grant_resource>& grants) {
    for (const auto& g : grants) by_namespace_[g.meta.name_space.value].push_back(&g);
}

bool grant_index::allows(const grant_from& from, const grant_to& to) const {
    if (from.name_space == to.name_space) return true;
    const auto found = by_namespace_.find(std::string(to.name_space));
    if (found == by_namespace_.end()) return false;
    return std::any_of(
        found->second.begin(), found->second.end(), [&](const reference_grant_resource* g) {
            const bool from_fits =
                std::any_of(g->from.begin(), g->from.end(), [&](const grant_from_spec& f) {
                    return f.group.value == from.group && f.kind.value == from.kind &&
                           f.name_space.value == from.name_space;
                });
            return from_fits &&
                   std::any_of(g->to.begin(), g->to.end(), [&](const grant_to_spec& t) {
                       return t.group.value == to.group && t.kind.value == to.kind &&
                              (!t.name || t.name->value.empty() || t.name->value == to.name);
                   });
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
