#include "scheduling/plugin_registry.hpp"

#include <algorithm>

#include "scheduling/scheduler.hpp"

namespace weir::scheduling {

namespace {

std::vector<const plugin_type*>& all_types() {
    static std::vector<const plugin_type*> types = [] {
        const auto built_in = built_in_plugin_types();
        std::vector<const plugin_type*> sorted(built_in.begin(), built_in.end());
        std::sort(sorted.begin(), sorted.end(),
                  [](const auto* a, const auto* b) { return a->name < b->name; });
        return sorted;
    }();
    return types;
}

}  // namespace

const plugin_type* add_plugin_type(const plugin_type* type) {
    if (const auto* known = find_plugin_type(type->name)) return known;
    all_types().push_back(type);
    return nullptr;
}

const plugin_type* find_plugin_type(std::string_view name) {
    for (const auto* type : all_types()) {
        if (type->name == name) return type;
        if (std::find(type->aliases.begin(), type->aliases.end(), name) != type->aliases.end()) {
            return type;
        }
    }
    return nullptr;
}

std::vector<std::string_view> plugin_type_names() {
    std::vector<std::string_view> names;
    for (const auto* type : all_types()) {
        names.push_back(type->name);
        names.insert(names.end(), type->aliases.begin(), type->aliases.end());
    }
    return names;
}

std::span<const plugin_type* const> plugin_types() { return all_types(); }

}  // namespace weir::scheduling
