#pragma once

#include <string>

namespace weir::scheduling {

/// Loads the plugin types of a shared library (`--plugin FILE`), before any configuration is read.
/// The library stays in the process. Empty on success, else one sentence that says what is wrong
/// with the file.
std::string load_shared_plugin(const std::string& path);

}  // namespace weir::scheduling
