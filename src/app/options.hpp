#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/load.hpp"
#include "http/server.hpp"
#include "payload/error_body.hpp"
#include "scheduling/scheduler.hpp"
#include "sim/options.hpp"

namespace weir::app {

/// The exit codes of every command, as the manual page lists them.
enum exit_code : int {
    exit_ok = 0,
    exit_failed = 1,
    exit_usage = 2,
    exit_warnings = 3,
    exit_invalid = 4,
    exit_nothing_to_serve = 5,
    exit_cannot_bind = 6,
};

enum class log_form : std::uint8_t { automatic, text, json };

/// What `serve` and `demo` were told.
struct serve_options {
    config::load_options load;
    std::string admin = "127.0.0.1:9901";  ///< `off`: none
    std::optional<std::uint64_t> seed;
    std::optional<scheduling::preset> preset;
    unsigned threads = 0;  ///< 0: one a core
    duration refresh = std::chrono::milliseconds(50);
    double scrape_cpu = 0.1;
    unsigned eject_after = 5;  ///< failed answers in a row; 0: never
    duration connect_timeout = std::chrono::seconds(5);
    duration first_byte_timeout{};
    duration stream_idle_timeout{};
    duration request_timeout{};
    http::server_limits limits;
    std::uint64_t max_buffered = std::uint64_t{1} << 30;
    int verbosity = 1;
    log_form log = log_form::automatic;
    std::string access_log = "off";
    payload::error_format errors = payload::error_format::automatic;
    bool expose_routing = false;
    duration drain_timeout = std::chrono::seconds(30);
    bool no_watch = false;
    std::vector<std::string> plugins;  ///< --plugin: shared libraries with further plugin types
    int demo_endpoints = 0;            ///< of `demo`
    bool simulated = false;            ///< `load.endpoints` are those of `demo`
};

struct sim_command_options {
    std::vector<std::string> listen;
    sim::sim_options sim;
    int verbosity = 1;
    log_form log = log_form::automatic;
};

struct check_options {
    config::load_options load;
    std::optional<scheduling::preset> preset;
    bool strict = false;
    std::string format = "text";
    std::string explain_code;
    duration refresh = std::chrono::milliseconds(50);
    std::vector<std::string> plugins;
};

struct explain_options {
    config::load_options load;
    std::string admin = "127.0.0.1:9901";
    std::string request_id;    ///< of a past request
    std::string request_file;  ///< a body to explain dry; `-` is stdin
    std::string path;          ///< empty: as the body looks
    std::string pool;
    std::vector<std::string> headers;  ///< `Name: value`
    bool json = false;
    std::optional<scheduling::preset> preset;
    std::vector<std::string> plugins;
    std::optional<std::uint64_t> seed;
};

/// Loads --plugin libraries, before any configuration is read. False: said on stderr.
bool load_plugins(const std::vector<std::string>& files);

/// An answer of POST /v1/explain or /v1/decisions/ID: to stdout, or with a complaint to stderr.
int print_explained(int status, const std::string& body, bool as_json);

int run_serve(const serve_options& options);
int run_demo(serve_options options);
int run_sim(const sim_command_options& options);
int run_check(const check_options& options);
int run_explain(const explain_options& options);
int run_version();

}  // namespace weir::app
