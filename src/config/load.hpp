#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/discover.hpp"
#include "config/model.hpp"

namespace weir::config {

/// What the command line says about the configuration.
struct load_options {
    std::vector<std::string> filenames;  ///< -f; `-` is stdin
    std::vector<std::string> endpoints;  ///< --endpoint URLs, checked for shape by the command line
    std::vector<std::string> endpoints_files;  ///< --endpoints-file: PATH or POOL=PATH
    std::string listen = "127.0.0.1:8080";
    std::string bind = "127.0.0.1";
    std::vector<std::pair<std::uint16_t, std::uint16_t>> port_map;
    std::string config_file;
    std::string config_text;
    std::string pool_name;
    std::string pool_namespace;
    std::chrono::nanoseconds refresh_metrics_interval{50'000'000};  ///< for checks only
    std::uint64_t max_buffered = std::uint64_t{1} << 30;            ///< for checks only
    pipe_rule pipes = pipe_rule::wait;
    bool effective = true;  ///< whether model::effective_json is wanted
};

/// A usage mistake that only the files reveal (exit 2), for example --endpoint with two pools.
struct load_result {
    /// Never null. With errors it is for more findings and for the conditions only, not to be
    /// served.
    std::shared_ptr<const model> value;
    findings found;
    std::string usage_error;  ///< not empty: exit 2 with this sentence
    bool servable() const { return usage_error.empty() && !found.has_errors(); }
    /// `Deployment ns/name`: kinds weir does not read, said once at --v=1.
    std::vector<std::string> skipped;
};

/// What a command line without endpoints is told.
inline constexpr const char* nothing_to_serve =
    "nothing to serve: give manifests (-f PATH), model servers (--endpoint URL), an "
    "--endpoints-file or a --config-file with file-discovery; weir demo needs none of them";

/// Reads, parses, checks and resolves everything in one pass; reports every mistake. Blocking file
/// I/O: control thread only. DNS names stay names.
load_result load(const load_options& options);

}  // namespace weir::config
