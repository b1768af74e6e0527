#pragma once

#include "app/options.hpp"

namespace CLI {
class App;
}

/// The options of each command, in the order `--help` shows them. Each writes into the struct
/// given, which must outlive the parse.
namespace weir::app {

void add_serve_options(CLI::App& app, serve_options& o);
void add_demo_options(CLI::App& app, serve_options& o);
void add_sim_options(CLI::App& app, sim_command_options& o);
void add_check_options(CLI::App& app, check_options& o);
void add_explain_options(CLI::App& app, explain_options& o);

/// Gives every option its WEIR_… variable: WEIR_MAX_BODY for --max-body.
void name_environment(CLI::App& app);

}  // namespace weir::app
