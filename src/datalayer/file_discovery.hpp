#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/discover.hpp"
#include "config/model.hpp"
#include "config/node.hpp"

/// The file of `--endpoints-file` and of the `file-discovery` plugin: YAML or JSON,
/// `endpoints: [{name, namespace, address, port, labels}]` (Source: llm-d-router head). Wider than
/// its source: an address may be IPv6 or a DNS name, a port a number as well as a text.
namespace weir::datalayer {

inline constexpr std::size_t max_endpoints_file = 1U << 20U;

struct endpoints_problem {
    std::string text;  ///< `endpoint "<name>": <reason>`
    config::span at;   ///< the value; alive as long as `endpoints_file::source`
};

/// What one reading of the file brought.
struct endpoints_file {
    std::vector<config::endpoint_source> endpoints;  ///< the valid entries, in file order
    std::vector<config::span> places;                ///< of their addresses
    std::vector<endpoints_problem> problems;         ///< one an invalid entry
    std::string failure;  ///< nothing can be used: `reading|parsing|unmarshalling <path>: …`
    config::source_ptr source;

    /// Everything is fine.
    bool clean() const { return failure.empty() && problems.empty(); }
    /// What start-up says: `file-discovery: initial load failed: …`, a line a problem; empty when
    /// clean.
    std::string start_error() const;
};

endpoints_file parse_endpoints_file(const std::string& path, std::string text);

/// Reads and parses; a pipe is read once a process and kept. Blocking: control thread.
endpoints_file read_endpoints_file(const std::string& path,
                                   config::pipe_rule pipes = config::pipe_rule::wait);

}  // namespace weir::datalayer
