#include "app/cli_options.hpp"

#include <CLI/CLI.hpp>

#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "app/cli_values.hpp"

namespace weir::app {
namespace {

constexpr const char* sources = "Configuration";
constexpr const char* addresses = "Addresses";
constexpr const char* picking = "Picking";
constexpr const char* endpoints = "Towards endpoints";
constexpr const char* clients = "Towards clients";
constexpr const char* output = "Logs and answers";
constexpr const char* running = "Process";
constexpr std::uint64_t most_failures = 1'000'000;
constexpr std::uint64_t most_threads = 1024;
constexpr std::uint64_t most_demo_endpoints = 64;

/// How an option's value is shown and where the option stands.
struct shown {
    const char* type = "";      ///< the word behind the flag
    const char* standard = "";  ///< the default as a person would type it
    const char* group = "Options";
};

/// `--v` of `-v,--v`.
std::string long_name(const std::string& names) { return names.substr(names.find("--")); }

/// Runs `read` and puts the flag's name before what it says of a bad value.
template <class T>
void store(const std::string& name, T& out, T (*read)(const std::string&),
           const std::string& text) {
    try {
        out = read(text);
    } catch (const CLI::ValidationError& e) {
        throw CLI::ValidationError(long_name(name), e.what());
    }
}

/// Adds an option whose text `read` turns into a value; a bad one throws CLI::ValidationError.
template <class T>
CLI::Option* add(CLI::App& app, const std::string& name, T& out, T (*read)(const std::string&),
                 const std::string& help, const shown& how) {
    auto* option = app.add_option_function<std::string>(
        name, [&out, read, name](const std::string& text) { store(name, out, read, text); }, help);
    return option->default_str(how.standard)->type_name(how.type)->group(how.group);
}

/// An option that is a whole number from `low` to `high`.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& out, std::uint64_t low,
                        std::uint64_t high, const std::string& help, const shown& how) {
    const auto read = [&out, name, low, high](const std::string& text) {
        std::uint64_t n = 0;
        store(name, n, &read_whole, text);
        if (n < low || n > high) {
            throw CLI::ValidationError(long_name(name), "'" + text + "' is not from " +
                                                            std::to_string(low) + " to " +
                                                            std::to_string(high));
        }
        out = static_cast<T>(n);
    };
    auto* option = app.add_option_function<std::string>(name, read, help);
    return option->default_str(how.standard)->type_name(how.type)->group(how.group);
}

/// The same for an option that may be repeated.
template <class T>
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<T>& out,
                      T (*read)(const std::string&), const std::string& help, const shown& how) {
    auto* option = app.add_option_function<std::vector<std::string>>(
        name,
        [&out, read, name](const std::vector<std::string>& all) {
            for (const auto& text : all) store(name, out.emplace_back(), read, text);
        },
        help);
    return option->type_name(how.type)->group(how.group)->take_all()->allow_extra_args(false);
}

/// An option with a closed set of words; `a|b|c` in `how.type` is that set.
template <class T>
CLI::Option* add_word(CLI::App& app, const std::string& name, T& out,
                      std::vector<std::pair<std::string, T>> words, const std::string& help,
                      const shown& how) {
    auto* option = app.add_option_function<std::string>(
        name,
        [&out, name, words = std::move(words)](const std::string& text) {
            std::string all;
            for (const auto& [word, value] : words) {
                if (word == text) {
                    out = value;
                    return;
                }
                all += (all.empty() ? "" : ", ") + word;
            }
            throw CLI::ValidationError(name, "'" + text + "' is not one of " + all);
        },
        help);
    return option->default_str(how.standard)->type_name(how.type)->group(how.group);
}

std::string read_text(const std::string& text) { return text; }

/// An empty one is a shell variable that was not set; it must not read as "no such file".
std::string read_path(const std::string& text) {
    if (text.empty()) throw CLI::ValidationError("the path is empty");
    return text;
}

/// A port is bound at one place only.
void add_port_map(CLI::App& app, std::vector<std::pair<std::uint16_t, std::uint16_t>>& out) {
    const auto to_one_port = [&out](const std::vector<std::string>& all) {
        for (const auto& text : all) {
            std::pair<std::uint16_t, std::uint16_t> entry;
            store("--port-map", entry, &read_port_map, text);
            for (const auto& [from, to] : out) {
                if (from == entry.first && to != entry.second)
                    throw CLI::ValidationError("--port-map",
                                               "port " + std::to_string(from) + " is mapped twice");
            }
            out.push_back(entry);
        }
    };
    app.add_option_function<std::vector<std::string>>(
           "--port-map", to_one_port,
           "Bind listener port FROM at TO, repeatable; the logical port stays FROM")
        ->type_name("FROM=TO")
        ->group(addresses)
        ->take_all()
        ->allow_extra_args(false);
}

void add_files(CLI::App& app, config::load_options& o) {
    add_list(app, "-f,--filename", o.filenames, &read_path,
             "File or folder of YAML/JSON manifests, repeatable; - is stdin",
             {"PATH", "", sources});
    add_list(app, "--endpoint", o.endpoints, &read_endpoint_url,
             "A model server, http://host:port, repeatable (quick start)", {"URL", "", sources});
    add_list(app, "--endpoints-file", o.endpoints_files, &read_path,
             "Endpoints in the file-discovery format, PATH or POOL=PATH", {"PATH", "", sources});
    add(app, "--config-file", o.config_file, &read_path,
        "An EndpointPickerConfig for pools that have none", {"PATH", "", sources});
    add(app, "--config-text", o.config_text, &read_text, "The same as text", {"YAML", "", sources});
    add(app, "--pool-name", o.pool_name, &read_text, "The one InferencePool to serve",
        {"NAME", "", sources});
    add(app, "--pool-namespace", o.pool_namespace, &read_text, "Its namespace",
        {"NAME", "", sources});
    add(app, "--listen", o.listen, &read_address,
        "Data listener of the quick start and of Gateways that no file defines",
        {"ADDR:PORT", "127.0.0.1:8080", addresses});
    add(app, "--bind", o.bind, &read_ip, "Address of Gateway listeners without spec.addresses",
        {"ADDR", "127.0.0.1", addresses});
    add_port_map(app, o.port_map);
}

void add_picking(CLI::App& app, std::optional<scheduling::preset>& preset,
                 std::vector<std::string>& plugins) {
    using choice = std::optional<scheduling::preset>;
    add_word<choice>(
        app, "--picker-preset", preset,
        {{"reference", scheduling::preset::reference}, {"weir", scheduling::preset::weir}},
        "The picker configuration where none is given", {"reference|weir", "", picking});
    add_list(app, "--plugin", plugins, &read_path,
             "Shared library with further scheduling plugins, repeatable", {"FILE", "", picking});
}

void add_seed(CLI::App& app, std::optional<std::uint64_t>& seed) {
    const auto read = [&seed](const std::string& text) {
        store("--seed", seed.emplace(), &read_whole, text);
    };
    app.add_option_function<std::string>("--seed", read,
                                         "Seed of every random choice; repeatable with --threads 1")
        ->type_name("N")
        ->group(picking);
}

void add_logging(CLI::App& app, int& verbosity, log_form& form) {
    add_number(app, "-v,--v", verbosity, 0, 5,
               "0 errors, 1 start-up and warnings, 2 requests, 3 decisions, 4 debug, 5 trace",
               {"N", "1", output});
    add_word<log_form>(
        app, "--log-format", form,
        {{"auto", log_form::automatic}, {"text", log_form::text}, {"json", log_form::json}},
        "auto: text on a terminal, JSON elsewhere", {"auto|text|json", "auto", output});
}

void add_endpoint_timeouts(CLI::App& app, serve_options& o) {
    add(app, "--connect-timeout", o.connect_timeout, &read_duration, "To an endpoint; 0 is off",
        {"DURATION", "5s", endpoints});
    add(app, "--first-byte-timeout", o.first_byte_timeout, &read_duration,
        "From dispatch to the first byte; 0 is off", {"DURATION", "0", endpoints});
    add(app, "--stream-idle-timeout", o.stream_idle_timeout, &read_duration,
        "Between bytes of an answer; 0 is off", {"DURATION", "0", endpoints});
    add(app, "--request-timeout", o.request_timeout, &read_duration, "Whole request; 0 is off",
        {"DURATION", "0", endpoints});
}

void add_limits(CLI::App& app, serve_options& o) {
    auto& l = o.limits;
    add(app, "--head-timeout", l.head_timeout, &read_duration,
        "A request head must be complete within", {"DURATION", "10s", clients});
    add(app, "--first-request-timeout", l.first_request_timeout, &read_duration,
        "A connection that never speaks is closed after", {"DURATION", "20s", clients});
    add(app, "--idle-timeout", l.idle_timeout, &read_duration, "Keep-alive between requests",
        {"DURATION", "60s", clients});
    add(app, "--body-min-rate", l.body_min_rate, &read_size,
        "Bytes/s a request body must keep up after 5 s; 0 is off", {"N", "240", clients});
    add(app, "--max-target", l.head.target, &read_limit, "Longest request target",
        {"SIZE", "32Ki", clients});
    add(app, "--max-head", l.head.head, &read_limit, "Largest request head",
        {"SIZE", "64Ki", clients});
    add(app, "--max-fields", l.head.fields, &read_limit, "Most header fields of a request",
        {"N", "100", clients});
    add(app, "--max-body", l.max_body, &read_limit, "Largest request body",
        {"SIZE", "64Mi", clients});
    add(app, "--max-buffered", o.max_buffered, &read_bytes, "All request bodies held together",
        {"SIZE", "1Gi", clients});
}

}  // namespace

void add_serve_options(CLI::App& app, serve_options& o) {
    add_files(app, o.load);
    add(app, "--admin", o.admin, &read_admin_address,
        "Admin API, metrics and dashboard; off disables",
        {"ADDR:PORT", "127.0.0.1:9901", addresses});
    add_picking(app, o.preset, o.plugins);
    add_seed(app, o.seed);
    add(app, "--refresh-metrics-interval", o.refresh, &read_period, "Scrape period",
        {"DURATION", "50ms", picking});
    add(app, "--scrape-cpu", o.scrape_cpu, &read_cores, "Cores that scraping may use",
        {"F", "0.1", picking});
    add_number(app, "--eject-after", o.eject_after, 0, most_failures,
               "Failed answers in a row that take an endpoint out for a while; 0 is never",
               {"N", "5", picking});
    add_endpoint_timeouts(app, o);
    add_limits(app, o);
    add_logging(app, o.verbosity, o.log);
    add(app, "--access-log", o.access_log, &read_path,
        "One JSON line a request: PATH, - (stdout) or off", {"PATH|-|off", "off", output});
    add_word<payload::error_format>(app, "--error-format", o.errors,
                                    {{"auto", payload::error_format::automatic},
                                     {"text", payload::error_format::text},
                                     {"json", payload::error_format::json}},
                                    "Shape of weir's own answers; auto: as Accept asks",
                                    {"auto|text|json", "auto", output});
    app.add_flag("--expose-routing,!--no-expose-routing", o.expose_routing,
                 "Add x-weir-endpoint and x-weir-request to answers")
        ->group(output);
    add_number(app, "--threads", o.threads, 1, most_threads,
               "Worker threads (default: one a core it may use)", {"N", "", running});
    add(app, "--drain-timeout", o.drain_timeout, &read_duration,
        "How long streams may finish after SIGTERM", {"DURATION", "30s", running});
    app.add_flag("--no-watch", o.no_watch, "Do not watch files; SIGHUP still reloads")
        ->group(running);
}

void add_demo_options(CLI::App& app, serve_options& o) {
    add_number(app, "--endpoints", o.demo_endpoints, 1, most_demo_endpoints,
               "Simulated model servers", {"N", "3"});
    add_serve_options(app, o);
}

void add_sim_options(CLI::App& app, sim_command_options& o) {
    constexpr const char* speed = "Speed";
    constexpr const char* engine = "Engine";
    add_list(app, "--listen", o.listen, &read_address,
             "Address of a simulated server, repeatable (default 127.0.0.1:8000)",
             {"ADDR:PORT", "", addresses});
    auto& s = o.sim;
    add(app, "--name", s.name, &read_text, "What x-sim-endpoint says (default: the address)",
        {"NAME", "", addresses});
    app.add_option("--model", s.models, "Model name, repeatable; the first is the default")
        ->type_name("NAME")
        ->take_all()
        ->allow_extra_args(false)
        ->group(engine);
    app.add_option("--lora", s.loras, "LoRA adapter, repeatable; each is also a model name")
        ->type_name("NAME")
        ->take_all()
        ->allow_extra_args(false)
        ->group(engine);
    add(app, "--engine", s.engine, &read_engine, "Whose wire habits",
        {"vllm|sglang|llamacpp|trtllm|tgi", "vllm", engine});
    add(app, "--inter-token-time", s.inter_token_time, &read_duration, "Time of one step",
        {"DURATION", "8ms", speed});
    add(app, "--prefill-time-per-token", s.prefill_time_per_token, &read_duration,
        "Per uncached prompt token", {"DURATION", "100us", speed});
    add(app, "--decode-time-per-seq", s.decode_time_per_seq, &read_duration,
        "Per running sequence and step", {"DURATION", "50us", speed});
    add(app, "--jitter", s.jitter, &read_jitter, "Standard deviation of a step, as a share of it",
        {"F", "0", speed});
    app.add_flag("--fast", s.fast, "All times zero")->group(speed);
    add(app, "--max-num-seqs", s.max_num_seqs, &read_limit, "Sequences in one batch",
        {"N", "256", engine});
    add(app, "--max-num-batched-tokens", s.max_num_batched_tokens, &read_limit,
        "Tokens in one step", {"N", "2048", engine});
    add(app, "--max-model-len", s.max_model_len, &read_limit,
        "Prompt and answer together, in tokens", {"N", "131072", engine});
    add(app, "--max-queue", s.max_queue, &read_size,
        "Waiting requests before refusals; 0: no limit", {"N", "0", engine});
    add_word<sim::queue_policy>(
        app, "--scheduling-policy", s.policy,
        {{"fcfs", sim::queue_policy::fcfs}, {"priority", sim::queue_policy::priority}},
        "Who waits less: first come, or by the body's `priority`",
        {"fcfs|priority", "fcfs", engine});
    add_number(app, "--queue-full-status", s.queue_full_status, 0, 599,
               "Status of that refusal; 0: the engine's own", {"STATUS", "0", engine});
    add(app, "--kv-blocks", s.kv_blocks, &read_limit, "KV cache blocks", {"N", "16384", engine});
    add(app, "--block-size", s.block_size, &read_limit, "Tokens per block", {"N", "16", engine});
    app.add_flag("--prefix-caching,!--no-prefix-caching", s.prefix_caching,
                 "Reuse blocks of equal prefixes")
        ->group(engine);
    add(app, "--max-loras", s.max_loras, &read_limit, "Adapters loaded at once",
        {"N", "4", engine});
    add(app, "--lora-load-time", s.lora_load_time, &read_duration, "Time to load one",
        {"DURATION", "200ms", speed});
    add(app, "--default-output-tokens", s.default_output_tokens, &read_limit,
        "Answer length without a limit", {"N", "64", engine});
    add(app, "--stream-interval", s.stream_interval, &read_limit, "Tokens in one stream event",
        {"N", "1", engine});
    add(app, "--startup-delay", s.startup_delay, &read_duration,
        "How long the model loads: connects are refused, or answered with 503 as the engine does",
        {"DURATION", "0", speed});
    add(app, "--seed", s.seed, &read_whole, "Seed of jitter, text and faults", {"N", "0", engine});
    app.add_flag_function(
           "--legacy-metrics",
           [&s](std::int64_t) { s.generation = sim::metrics_generation::legacy; },
           "Metric names of older vLLM")
        ->group(engine);
    app.add_flag_function(
           "--next-metrics", [&s](std::int64_t) { s.generation = sim::metrics_generation::next; },
           "Metric names of coming vLLM: adapters in memory")
        ->group(engine);
    app.add_flag_function(
           "--compact-metrics", [&s](std::int64_t) { s.metrics = sim::metrics_size::compact; },
           "Only the metrics a router reads")
        ->group(engine);
    add_logging(app, o.verbosity, o.log);
}

void add_check_options(CLI::App& app, check_options& o) {
    add_word<std::string>(app, "--format", o.format,
                          {{"text", "text"}, {"json", "json"}, {"github", "github"}},
                          "Shape of the findings", {"text|json|github", "text"});
    app.add_flag("--strict", o.strict, "Warnings make the exit code 3");
    add(app, "--explain", o.explain_code, &read_text, "The long text of one code, or of all",
        {"CODE"});
    add_files(app, o.load);
    add_picking(app, o.preset, o.plugins);
    add(app, "--refresh-metrics-interval", o.refresh, &read_period,
        "The scrape period to check against", {"DURATION", "50ms", picking});
}

void add_explain_options(CLI::App& app, explain_options& o) {
    app.add_option("request-id", o.request_id, "A past request, by its x-request-id")
        ->type_name("REQUEST-ID");
    add(app, "--request", o.request_file, &read_path,
        "A request body to explain without sending it; - is stdin", {"FILE"});
    add(app, "--path", o.path, &read_text, "Its path (default: as the body looks)", {"TARGET"});
    add_list(app, "--header", o.headers, &read_header, "One of its headers, repeatable",
             {"NAME:VALUE"});
    add(app, "--pool", o.pool, &read_text, "The pool, where there are several", {"NAMESPACE/NAME"});
    app.add_flag("--json", o.json, "JSON instead of a table");
    add(app, "--admin", o.admin, &read_address,
        "A running weir to ask, where no configuration is given", {"ADDR:PORT", "127.0.0.1:9901"});
    add_files(app, o.load);
    add_picking(app, o.preset, o.plugins);
    add_seed(app, o.seed);
}

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

}  // namespace weir::app
