#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "base/log.hpp"
#include "config/diagnostics.hpp"
#include "proxy/runtime.hpp"

/// What a person reads at start: a few lines on a terminal, log lines elsewhere.
namespace weir::app {

std::string version_text();
log::format log_format_of(log_form form);

struct pool_line {
    std::string id;
    std::size_t ready = 0;
    std::size_t total = 0;
    std::vector<std::string> silent;  ///< `id (why)` of endpoints that did not answer a scrape
};

struct start_facts {
    const serve_options* options = nullptr;
    const proxy::runtime* runtime = nullptr;
    const config::findings* findings = nullptr;
    std::vector<std::string> skipped;
    std::string hint;
    std::vector<std::string> urls;  ///< of the data sockets
    std::string admin;              ///< `ip:port`; empty: off
    std::vector<pool_line> pools;
};

void print_start(const start_facts& facts);

/// Where the configuration comes from, in a few words.
std::string describe_source(const serve_options& options);

/// A terminal that has colours, and nobody refused them: NO_COLOR is set and not empty.
bool takes_colour(int fd);
/// All findings on stderr, as `weir check` shows them.
void print_findings(const config::findings& found);
/// One log line a finding.
void log_findings(const config::findings& found);

/// What a watcher has to look at.
std::vector<std::string> watched_paths(const config::load_options& load);
/// The endpoints files that shall be watched.
std::vector<std::string> watched_endpoints_files(const std::vector<config::pool>& pools);

}  // namespace weir::app
