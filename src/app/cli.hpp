#pragma once

namespace weir::app {

/// Parses the command line (CLI11; this is the only room that includes it), runs the command and
/// gives its exit code.
int run_command_line(int argc, char** argv);

}  // namespace weir::app
