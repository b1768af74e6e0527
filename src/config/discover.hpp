#pragma once

#include <string>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace weir::config {

/// Whether reading may wait for the writer of a pipe: at the start, never while anybody is served.
enum class pipe_rule { wait, refuse };

/// Reads what `-f` names: files as they are, folders recursively (`.yaml`, `.yml`, `.json`; names
/// that begin with a dot are skipped, so the hidden folders of a mounted ConfigMap are not read
/// beside the links into them), `-` for standard input. Files come in the order of the flags, then
/// by name; each file once, however it is reached. What cannot be read is an error. Standard input
/// and pipes are read once a process and kept. Blocking; control thread only.
std::vector<source_ptr> read_sources(const std::vector<std::string>& filenames, findings& found,
                                     pipe_rule pipes = pipe_rule::wait);

/// Reads one file, the one of `--config-file`; null after an error that was reported.
source_ptr read_source(const std::string& path, findings& found, pipe_rule pipes);

}  // namespace weir::config
