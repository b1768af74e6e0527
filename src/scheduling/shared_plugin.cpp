#include "scheduling/shared_plugin.hpp"

#include <dlfcn.h>

#include "scheduling/plugin_registry.hpp"

namespace weir::scheduling {

namespace {

std::string last_error() {
    const char* text = ::dlerror();
    return text != nullptr ? text : "unknown reason";
}

std::string check(const plugin_type& type) {
    if (type.abi != plugin_abi) {
        return "was built for plugin ABI " + std::to_string(type.abi) + ", this weir has " +
               std::to_string(plugin_abi) + ": build it again with this version's headers";
    }
    if (type.name.empty() || type.make == nullptr)
        return "exports a plugin type without a name or a factory";
    return {};
}

}  // namespace

std::string load_shared_plugin(const std::string& path) {
    // A name without a slash would be looked for in the system's library folders.
    const auto file = path.find('/') == std::string::npos ? "./" + path : path;
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return "cannot load plugin " + path + ": " + last_error();
    void* symbol = ::dlsym(library, plugin_types_symbol);
    if (symbol == nullptr) {
        return "plugin " + path + " does not export " + plugin_types_symbol + ": " + last_error();
    }
    std::size_t count = 0;
    const auto* types = reinterpret_cast<plugin_types_function>(symbol)(&count);
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto problem = check(types[i]); !problem.empty())
            return "plugin " + path + " " + problem;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (add_plugin_type(&types[i]) != nullptr) {
            return "plugin " + path + " exports type '" + std::string(types[i].name) +
                   "', which exists already";
        }
    }
    return {};
}

}  // namespace weir::scheduling
