#pragma once

#include <string>

namespace CLI {
class App;
}

/// What is generated from the command table.
namespace weir::app {

/// The `--help` of weir or of one command: usage, examples, then the flags by group, 80 columns.
std::string help_page(const CLI::App& app, bool is_root);

/// The completion script of `bash`, `zsh` or `fish`: commands, flags, and the words of flags that
/// have a closed set.
std::string completion_script(const CLI::App& root, const std::string& shell);

/// weir(1) in man(7) macros.
std::string manual_page(const CLI::App& root);

}  // namespace weir::app
