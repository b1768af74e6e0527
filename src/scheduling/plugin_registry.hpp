#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "weir/plugin.hpp"

namespace weir::scheduling {

/// The plugin types linked into this binary, in the order of the Meson list.
std::span<const plugin_type* const> built_in_plugin_types();

/// Adds the types of a shared library. Start-up only, before any configuration is loaded. The type
/// that was there before under that name, or null when it was added.
const plugin_type* add_plugin_type(const plugin_type* type);

/// The type of that name or alias; null when this binary has none.
const plugin_type* find_plugin_type(std::string_view name);

/// All names and aliases, for "did you mean".
std::vector<std::string_view> plugin_type_names();

}  // namespace weir::scheduling
