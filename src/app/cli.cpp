#include "app/cli.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/cli_values.hpp"
#include "app/options.hpp"
#include "base/strings.hpp"

namespace weir::app {
namespace {

/// Adds an option whose text is turned into a value by `read`, which throws CLI::ValidationError.
template <class T>
CLI::Option* add(CLI::App& app, const std::string& name, T& out, T (*read)(const std::string&),
                 const std::string& help, const std::string& shown_default) {
    auto* option = app.add_option_function<std::string>(
        name, [&out, read](const std::string& text) { out = read(text); }, help);
    option->default_str(shown_default)->type_name("");
    return option;
}

/// WEIR_MAX_BODY for --max-body.
void name_environment(CLI::App& app) {
    for (auto* option : app.get_options()) {
        if (option->get_lnames().empty() || option->get_lnames().front() == "help") continue;
        std::string name = "WEIR_";
        for (const char c : option->get_lnames().front()) {
            name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
        option->envname(name);
    }
}

void add_files(CLI::App& app, config::load_options& o) {
    app.add_option("-f,--filename", o.filenames,
                   "File or folder of YAML/JSON manifests, repeatable; - is stdin")
        ->type_name("PATH")
        ->take_all();
    app.add_option("--config-file", o.config_file,
                   "An EndpointPickerConfig for pools that have none")
        ->type_name("PATH");
    app.add_option("--config-text", o.config_text, "The same as text")->type_name("YAML");
    app.add_option("--pool-name", o.pool_name, "The one InferencePool to serve")->type_name("NAME");
    app.add_option("--pool-namespace", o.pool_namespace, "Its namespace")->type_name("NAME");
    app.add_option("--listen", o.listen,
                   "Data listener of the quick start and of Gateways that no file defines")
        ->type_name("ADDR:PORT")
        ->capture_default_str();
    app.add_option("--bind", o.bind, "Address of Gateway listeners without spec.addresses")
        ->type_name("ADDR")
        ->capture_default_str();
    app.add_option_function<std::vector<std::string>>(
           "--port-map",
           [&o](const std::vector<std::string>& all) {
               for (const auto& text : all) o.port_map.push_back(read_port_map(text));
           },
           "Bind listener port FROM at TO, repeatable; the logical port stays FROM")
        ->type_name("FROM=TO")
        ->take_all();
    app.add_option("--endpoint", o.endpoints,
                   "A model server, http://host:port, repeatable (quick start)")
        ->type_name("URL")
        ->take_all()
        ->each([](const std::string& url) { check_endpoint_url(url); });
    app.add_option("--endpoints-file", o.endpoints_files,
                   "Endpoints in the file-discovery format, PATH or POOL=PATH")
        ->type_name("PATH")
        ->take_all();
}

void add_preset(CLI::App& app, std::optional<scheduling::preset>& out) {
    app.add_option_function<std::string>(
           "--picker-preset",
           [&out](const std::string& text) {
               out = text == "weir" ? scheduling::preset::weir : scheduling::preset::reference;
           },
           "The picker configuration where none is given")
        ->check(CLI::IsMember({"reference", "weir"}))
        ->type_name("reference|weir");
}

void add_plugins(CLI::App& app, std::vector<std::string>& out) {
    app.add_option("--plugin", out, "Shared library with further scheduling plugins, repeatable")
        ->type_name("FILE")
        ->take_all();
}

void add_logging(CLI::App& app, int& verbosity, log_form& form) {
    app.add_option("-v,--v", verbosity,
                   "0 errors, 1 start-up and warnings, 2 requests, 3 decisions, 4 debug, 5 trace")
        ->type_name("N")
        ->check(CLI::Range(0, 5))
        ->capture_default_str();
    app.add_option_function<std::string>(
           "--log-format",
           [&form](const std::string& text) {
               form = text == "text"   ? log_form::text
                      : text == "json" ? log_form::json
                                       : log_form::automatic;
           },
           "text on a terminal, JSON elsewhere")
        ->check(CLI::IsMember({"auto", "text", "json"}))
        ->default_str("auto")
        ->type_name("");
}

void add_limits(CLI::App& app, serve_options& o) {
    auto& l = o.limits;
    add(app, "--head-timeout", l.head_timeout, &read_duration,
        "A request head must be complete within", "10s");
    add(app, "--first-request-timeout", l.first_request_timeout, &read_duration,
        "A connection that never speaks is closed after", "20s");
    add(app, "--idle-timeout", l.idle_timeout, &read_duration, "Keep-alive between requests",
        "60s");
    add(app, "--body-min-rate", l.body_min_rate, &read_size,
        "Bytes/s a request body must keep up after 5 s", "240");
    add(app, "--max-target", l.head.target, &read_size, "Longest request target", "32Ki");
    add(app, "--max-head", l.head.head, &read_size, "Largest request head", "64Ki");
    add(app, "--max-fields", l.head.fields, &read_size, "Most header fields of a request", "100");
    add(app, "--max-body", l.max_body, &read_size, "Largest request body", "64Mi");
    add(app, "--max-buffered", o.max_buffered, &read_bytes, "All request bodies held together",
        "1Gi");
}

void add_serve(CLI::App& app, serve_options& o) {
    add_files(app, o.load);
    app.add_option("--admin", o.admin, "Admin API, metrics and dashboard; off disables")
        ->type_name("ADDR:PORT")
        ->capture_default_str();
    app.add_option("--seed", o.seed, "Seed of every random choice; repeatable with --threads 1")
        ->type_name("N");
    add_preset(app, o.preset);
    add_plugins(app, o.plugins);
    app.add_option("--threads", o.threads, "Worker threads (default: one a core)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1024U));
    add(app, "--refresh-metrics-interval", o.refresh, &read_duration, "Scrape period", "50ms");
    app.add_option("--scrape-cpu", o.scrape_cpu, "Cores that scraping may use")
        ->type_name("F")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    add(app, "--connect-timeout", o.connect_timeout, &read_duration, "Towards endpoints", "5s");
    add(app, "--first-byte-timeout", o.first_byte_timeout, &read_duration,
        "From dispatch to the first byte; 0 is off", "0");
    add(app, "--stream-idle-timeout", o.stream_idle_timeout, &read_duration,
        "Between bytes of an answer; 0 is off", "0");
    add(app, "--request-timeout", o.request_timeout, &read_duration, "Whole request; 0 is off",
        "0");
    add_limits(app, o);
    add_logging(app, o.verbosity, o.log);
    app.add_option("--access-log", o.access_log, "One JSON line a request: PATH, - (stdout) or off")
        ->type_name("PATH|-|off")
        ->capture_default_str();
    app.add_option_function<std::string>(
           "--error-format",
           [&o](const std::string& text) {
               o.errors = text == "text"   ? payload::error_format::text
                          : text == "json" ? payload::error_format::json
                                           : payload::error_format::automatic;
           },
           "Shape of weir's own answers")
        ->check(CLI::IsMember({"auto", "text", "json"}))
        ->default_str("auto")
        ->type_name("");
    app.add_flag("--expose-routing,!--no-expose-routing", o.expose_routing,
                 "Add x-weir-endpoint and x-weir-request to answers");
    add(app, "--drain-timeout", o.drain_timeout, &read_duration,
        "How long streams may finish after SIGTERM", "30s");
    app.add_flag_function(
        "--no-watch", [&o](std::int64_t) { o.watch = false; },
        "Do not watch files; SIGHUP still reloads");
}

void add_sim(CLI::App& app, sim_command_options& o) {
    app.add_option("--listen", o.listen,
                   "Address of a simulated server, repeatable (default 127.0.0.1:8000)")
        ->type_name("ADDR:PORT")
        ->take_all();
    auto& s = o.sim;
    app.add_option("--name", s.name, "What x-sim-endpoint says (default: the address)")
        ->type_name("NAME");
    app.add_option("--model", s.models, "Model name, repeatable; the first is the default")
        ->type_name("NAME")
        ->take_all();
    app.add_option("--lora", s.loras, "LoRA adapter, repeatable; each is also a model name")
        ->type_name("NAME")
        ->take_all();
    app.add_option_function<std::string>(
           "--engine", [&s](const std::string& text) { s.engine = read_engine(text); },
           "Whose wire habits: vllm, sglang, llamacpp, trtllm, tgi")
        ->default_str("vllm")
        ->type_name("");
    add(app, "--inter-token-time", s.inter_token_time, &read_duration, "Time of one step", "8ms");
    add(app, "--prefill-time-per-token", s.prefill_time_per_token, &read_duration,
        "Per uncached prompt token", "100us");
    add(app, "--decode-time-per-seq", s.decode_time_per_seq, &read_duration,
        "Per running sequence and step", "50us");
    app.add_option("--jitter", s.jitter, "Standard deviation of a step, as a share of it")
        ->check(CLI::Range(0.0, 0.5))
        ->capture_default_str()
        ->type_name("F");
    app.add_flag("--fast", s.fast, "All times zero");
    add(app, "--max-num-seqs", s.max_num_seqs, &read_size, "Sequences in one batch", "256");
    add(app, "--max-num-batched-tokens", s.max_num_batched_tokens, &read_size, "Tokens in one step",
        "2048");
    add(app, "--max-model-len", s.max_model_len, &read_size,
        "Prompt and answer together, in tokens", "131072");
    add(app, "--max-queue", s.max_queue, &read_size,
        "Waiting requests before refusals; 0: no limit", "0");
    app.add_option("--queue-full-status", s.queue_full_status,
                   "Status of that refusal; 0: the engine's own")
        ->capture_default_str();
    add(app, "--kv-blocks", s.kv_blocks, &read_size, "KV cache blocks", "16384");
    add(app, "--block-size", s.block_size, &read_size, "Tokens per block", "16");
    app.add_flag("--prefix-caching,!--no-prefix-caching", s.prefix_caching,
                 "Reuse blocks of equal prefixes");
    add(app, "--max-loras", s.max_loras, &read_size, "Adapters loaded at once", "4");
    add(app, "--lora-load-time", s.lora_load_time, &read_duration, "Time to load one", "200ms");
    add(app, "--default-output-tokens", s.default_output_tokens, &read_size,
        "Answer length without a limit", "64");
    add(app, "--stream-interval", s.stream_interval, &read_size, "Tokens in one stream event", "1");
    add(app, "--startup-delay", s.startup_delay, &read_duration, "Listen but say 503 for so long",
        "0");
    app.add_option("--seed", s.seed, "Seed of jitter, text and faults")
        ->type_name("N")
        ->capture_default_str();
    app.add_flag_function(
        "--legacy-metrics", [&s](std::int64_t) { s.generation = sim::metrics_generation::legacy; },
        "Metric names of older vLLM");
    app.add_flag_function(
        "--compact-metrics", [&s](std::int64_t) { s.metrics = sim::metrics_size::compact; },
        "Only the metrics a router reads");
    add_logging(app, o.verbosity, o.log);
}

void add_check(CLI::App& app, check_options& o) {
    add_files(app, o.load);
    add_preset(app, o.preset);
    add_plugins(app, o.plugins);
    app.add_flag("--strict", o.strict, "Warnings make the exit code 3");
    app.add_option("--format", o.format, "Shape of the findings")
        ->check(CLI::IsMember({"text", "json", "github"}))
        ->capture_default_str()
        ->type_name("text|json|github");
    app.add_option("--explain", o.explain_code, "The long text of one code")->type_name("CODE");
    add(app, "--refresh-metrics-interval", o.refresh, &read_duration,
        "The scrape period to check against", "50ms");
}

void add_explain(CLI::App& app, explain_options& o) {
    app.add_option("request-id", o.request_id, "A past request, by its x-request-id");
    add_files(app, o.load);
    app.add_option("--admin", o.admin, "Admin address of a running weir")
        ->type_name("ADDR:PORT")
        ->capture_default_str();
    app.add_option("--request", o.request_file,
                   "A request body to explain without sending it; - is stdin")
        ->type_name("FILE");
    app.add_option("--path", o.path, "Its path")->capture_default_str()->type_name("PATH");
    app.add_option("--pool", o.pool, "The pool, where there are several")
        ->type_name("NAMESPACE/NAME");
    app.add_option("--header", o.headers, "A request header, `Name: value`, repeatable")
        ->take_all();
    app.add_flag("--json", o.json, "JSON instead of a table");
}

/// The option a person meant, for a misspelled one.
std::string suggest(const CLI::App& root, int argc, char** argv) {
    const CLI::App* app = &root;
    for (const auto* sub : root.get_subcommands({})) {
        for (int i = 1; i < argc; ++i) {
            if (sub->get_name() == argv[i]) app = sub;
        }
    }
    std::vector<std::string> names;
    for (const auto* option : app->get_options()) {
        for (const auto& n : option->get_lnames()) names.push_back("--" + n);
    }
    if (app == &root) {
        for (const auto* sub : root.get_subcommands({})) names.push_back(sub->get_name());
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto name = word.substr(0, word.find('='));
        if (std::find(views.begin(), views.end(), name) != views.end()) continue;
        if (app == &root && i > 1) break;
        if (app != &root && !name.starts_with("--")) continue;
        if (const auto close = nearest(name, views); !close.empty()) {
            return "did you mean " + std::string(close) + "?";
        }
    }
    return {};
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App root{"A standalone HTTP reverse proxy for LLM inference.", "weir"};
    root.require_subcommand(1);
    root.option_defaults()->always_capture_default(false);
    serve_options serve;
    serve_options demo;
    sim_command_options sim;
    check_options check;
    explain_options explain;
    demo.expose_routing = true;
    demo.demo_endpoints = 3;

    int code = exit_ok;
    auto* serve_app = root.add_subcommand("serve", "The gateway");
    serve_app->footer(
        "Example: weir serve --endpoint http://127.0.0.1:8000 --endpoint http://127.0.0.1:8001");
    add_serve(*serve_app, serve);
    auto* demo_app = root.add_subcommand(
        "demo", "Gateway, simulated model servers and dashboard; no file needed");
    add_serve(*demo_app, demo);
    demo_app->add_option("--endpoints", demo.demo_endpoints, "Simulated model servers")
        ->check(CLI::Range(1, 64))
        ->capture_default_str()
        ->type_name("N");
    auto* sim_app = root.add_subcommand("sim", "Simulated model servers alone");
    add_sim(*sim_app, sim);
    auto* check_app = root.add_subcommand("check", "Checks manifests and prints every finding");
    add_check(*check_app, check);
    auto* explain_app = root.add_subcommand(
        "explain", "Why this endpoint: for a past request, or dry for a given one");
    add_explain(*explain_app, explain);
    auto* version_app = root.add_subcommand("version", "Version and build");
    for (auto* app : {serve_app, demo_app, sim_app, check_app, explain_app}) name_environment(*app);

    try {
        root.parse(argc, argv);
        if (*serve_app) code = run_serve(serve);
        if (*demo_app) code = run_demo(demo);
        if (*sim_app) code = run_sim(sim);
        if (*check_app) code = run_check(check);
        if (*explain_app) code = run_explain(explain);
        if (*version_app) code = run_version();
    } catch (const CLI::CallForHelp& e) {
        return root.exit(e) == 0 ? exit_ok : exit_ok;
    } catch (const CLI::CallForAllHelp& e) {
        root.exit(e);
        return exit_ok;
    } catch (const CLI::ParseError& e) {
        std::string line = std::string("weir: ") + e.what();
        if (const auto hint = suggest(root, argc, argv); !hint.empty()) line += "; " + hint;
        line += " (weir --help)";
        std::fprintf(stderr, "%s\n", line.c_str());
        return exit_usage;
    }
    return code;
}

}  // namespace weir::app
