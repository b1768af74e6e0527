#include "app/process.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "admin/api.hpp"
#include "app/banner.hpp"
#include "app/cores.hpp"
#include "app/descriptors.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "proxy/model_choice.hpp"

namespace weir::app {
namespace {

constexpr duration tick_period = std::chrono::milliseconds(100);
constexpr duration missing_pool_period = std::chrono::minutes(1);
constexpr duration settle_time = std::chrono::milliseconds(300);
/// How long the start-up lines wait for the first scrape round, to say who does not answer.
constexpr duration patience = std::chrono::milliseconds(250);
constexpr duration scrape_patience = std::chrono::seconds(2);
constexpr duration short_tick = std::chrono::milliseconds(5);

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// The admin API has no authentication: whoever reaches it may drain and reload.
void check_admin(const std::string& admin, config::findings& found) {
    const auto host = admin.substr(0, admin.rfind(':'));
    const bool own =
        admin == "off" || host == "localhost" || host == "[::1]" || host.starts_with("127.");
    if (own) return;
    found.warning("WEIR0510", "the admin API listens on " + admin + " without authentication", {})
        .help = "bind it to the loopback (--admin 127.0.0.1:9901), or let only its users reach it";
}

/// Standard input or a pipe may never end: whoever gives up waiting must be able to stop it.
config::load_result load_interruptible(const config::load_options& options) {
    const leave_on_signal now;
    return config::load(options);
}

serve_options with_threads(serve_options options) {
    if (options.threads == 0) options.threads = usable_cores();
    return options;
}

/// No socket would be opened, and no pool is awaited.
bool serves_nothing(const config::model& model) {
    return model.listeners.empty() && model.missing_pool.empty();
}

}  // namespace

struct process::admin_server {
    admin_server(http::event_loop& loop, admin::subject& subject, int fd,
                 const http::server_limits& limits)
        : api(loop, subject), server(loop, fd, api, limits) {}
    admin::api api;
    http::server server;
};

process::process(const serve_options& options)
    : options_(with_threads(options)),
      sockets_(options_.threads),
      tick_(
          loop_, [](void* self) { static_cast<process*>(self)->tick(); }, this),
      started_(steady_clock::now()) {
    seed_ = options_.seed ? *options_.seed
                          : (std::uint64_t{std::random_device{}()} << 32 | std::random_device{}());
    settings_.max_body = options_.limits.max_body;
    options_.load.refresh_metrics_interval = options_.refresh;
    options_.load.max_buffered = options_.max_buffered;
    buffered_left_ = static_cast<std::int64_t>(options_.max_buffered);
    options_.limits.max_buffered = options_.max_buffered;
    options_.limits.buffered_left = &buffered_left_;
    settings_.first_byte_timeout = options_.first_byte_timeout;
    settings_.stream_idle_timeout = options_.stream_idle_timeout;
    settings_.request_timeout = options_.request_timeout;
    settings_.errors = options_.errors;
    settings_.expose_routing = options_.expose_routing;
    settings_.eject_after = options_.eject_after;
    settings_.judge_endpoints = [this] { loop_.post([this] { wiring_->judge_endpoints(); }); };
}

process::~process() { admin_.reset(); }

int process::run() {
    // Before any thread starts, so that all of them leave the signals to this one.
    signals_ = std::make_unique<signals>(loop_, [this](int n) { on_signal(n); });
    // Before the first load, so that no change between the two is missed.
    if (!options_.no_watch) {
        watcher_ = std::make_unique<watcher>(loop_, watched_paths(options_.load),
                                             [this] { reload(false); });
    }
    if (const int code = load_first(); code != exit_ok) return code;
    if (const int code = prepare_tls(); code != exit_ok) return code;
    if (const int code = bind_all(); code != exit_ok) return code;
    if (const int code = bind_admin(); code != exit_ok) return code;
    if (const int code = open_access_log(); code != exit_ok) return code;
    put_in_force(first_);
    start_workers();
    if (!options_.no_watch) {
        endpoints_watcher_ =
            std::make_unique<watcher>(loop_, watched_endpoints_files(first_->model->pools),
                                      [this] { wiring_->read_endpoints_files(); });
    }
    if (on_ready_to_run) on_ready_to_run();
    service_manager_ = std::make_unique<service_manager>(std::getenv("NOTIFY_SOCKET"));
    say_missing_pool();
    tick_.arm(short_tick);
    loop_.run();
    for (auto& w : workers_) w->stop();
    log::stop();
    return exit_;
}

/// The rooms that outlive a configuration: endpoints, scraping and what is counted of them.
void process::connect_rooms() {
    wiring_options w;
    w.admin = http::address::parse(options_.admin);
    w.preset = options_.preset;
    w.refresh = options_.refresh;
    w.scrape_cpu = options_.scrape_cpu;
    w.health.error_limit = options_.eject_after;
    w.seed = seed_;
    w.environment = {environment("SD_QUEUE_DEPTH_THRESHOLD"),
                     environment("SD_KV_CACHE_UTIL_THRESHOLD"),
                     environment("SD_METRICS_STALENESS_THRESHOLD")};
    wiring_ = std::make_unique<wiring>(loop_, std::move(w));
    pool_metrics_ = std::make_unique<datalayer::pool_metrics>(loop_, wiring_->scraper(), [this] {
        std::vector<const datalayer::endpoint_pool*> all;
        for (const auto& p : wiring_->pools()) {
            if (!p->service) all.push_back(p->endpoints.get());
        }
        return all;
    });
}

int process::load_first() {
    auto loaded = load_interruptible(options_.load);
    if (!loaded.usage_error.empty()) {
        std::fprintf(stderr, "weir: %s\n", loaded.usage_error.c_str());
        return exit_usage;
    }
    skipped_ = std::move(loaded.skipped);
    check_admin(options_.admin, loaded.found);
    std::shared_ptr<const proxy::runtime> made;
    if (loaded.servable()) {
        log::start(static_cast<log::level>(options_.verbosity), log_format_of(options_.log));
        connect_rooms();
        if (auto next = wiring_->prepare(loaded.value, loaded.found, options_.load.pipes))
            made = wiring_->commit(std::move(*next));
    } else {
        check_parts(*loaded.value, options_.preset, loaded.found, options_.load.pipes);
    }
    if (!made) {
        print_findings(loaded.found);
        return exit_invalid;
    }
    if (serves_nothing(*loaded.value)) {
        print_findings(loaded.found);
        std::fprintf(
            stderr,
            "weir: the configuration is valid but serves nothing: no Gateway listener, no route "
            "and no --endpoint\n");
        return exit_nothing_to_serve;
    }
    reload_.unix_ms = unix_ms();
    reload_.version = made->version;
    reload_.found = std::move(loaded.found);
    first_ = std::move(made);
    options_.load.pipes = config::pipe_rule::refuse;
    return exit_ok;
}

int process::prepare_tls() {
    std::string problem;
    tls_ = tls_of(*first_->table, {}, problem);
    if (problem.empty()) return exit_ok;
    std::fprintf(stderr, "weir: %s\n", problem.c_str());
    return exit_invalid;
}

int process::bind_all() {
    const auto problem = sockets_.open(*first_->table, bound_);
    if (problem.empty()) return exit_ok;
    std::fprintf(stderr, "weir: %s\n", problem.c_str());
    return exit_cannot_bind;
}

int process::bind_admin() {
    if (options_.admin == "off") return exit_ok;
    auto where = http::address::parse(options_.admin);
    if (!where) return exit_usage;  // the command line has checked it
    const auto fd = http::listen_on(*where, false);
    if (!fd) {
        std::fprintf(stderr, "weir: cannot bind the admin address %s: %s (--admin)\n",
                     options_.admin.c_str(), fd.error().message().c_str());
        return exit_cannot_bind;
    }
    where->set_port(http::local_port(*fd));
    admin_address_ = where->authority();
    admin_ = std::make_unique<admin_server>(loop_, *this, *fd, admin_limits_);
    admin_->server.start();
    return exit_ok;
}

int process::open_access_log() {
    if (options_.access_log == "off") return exit_ok;
    auto opened = proxy::access_log::open(options_.access_log);
    if (!opened) {
        std::fprintf(stderr, "weir: cannot open the access log %s: %s (--access-log)\n",
                     options_.access_log.c_str(), opened.error().message().c_str());
        return exit_failed;
    }
    access_log_ = std::move(*opened);
    return exit_ok;
}

void process::start_workers() {
    http::client_options client;
    client.connect_timeout = options_.connect_timeout;
    settings_.ring_bytes /= options_.threads;
    for (unsigned i = 0; i < options_.threads; ++i) {
        workers_.push_back(std::make_unique<worker_thread>(published_, settings_, options_.limits,
                                                           client, caps_, seed_ + i, i,
                                                           access_log_.get()));
    }
    std::size_t endpoints = 0;
    for (const auto& p : wiring_->pools()) endpoints += p->endpoints->members().size();
    const auto most = connections_per_worker(raise_descriptor_limit(), open_descriptors(),
                                             endpoints, options_.threads);
    for (auto& w : workers_) w->join(workers_, most);
    hand_out(bound_);
    bound_.clear();
    for (auto& w : workers_) w->start();
}

void process::on_signal(int number) {
    if (number == SIGHUP) {
        reload(false);
        return;
    }
    if (number == SIGUSR1) {
        if (access_log_) access_log_->reopen();
        return;
    }
    if (number == SIGUSR2) {
        // HAProxy reloads on it and nginx replaces its binary: whoever sends it meant no end.
        log::warning("SIGUSR2 does nothing", {{"cure", "SIGHUP reloads, SIGTERM ends"}});
        return;
    }
    if (++signals_seen_ > 1) {
        log::warning("second signal: leaving at once", {{"signal", number}});
        log::stop();
        _exit(128 + number);
    }
    drain();
}

void process::drain() {
    if (draining_) return;
    draining_ = true;
    service_manager_->stopping();
    drain_started_ = loop_.refresh_now();
    log::info("draining: no new connections, answers under way may finish",
              {{"timeout", format_go_duration(options_.drain_timeout)}});
    for (auto& w : workers_) w->drain();
    tick_.arm(http::event_loop::tick);
}

void process::finish_drain() {
    std::uint64_t open = 0;
    std::uint64_t active = 0;
    for (auto& w : workers_) {
        open += w->open_connections;
        active += w->active_requests;
    }
    const auto spent = loop_.now() - drain_started_;
    if (spent < tick_period) return;
    const bool over = spent >= options_.drain_timeout;
    if (open != 0 && !over && (active != 0 || spent < settle_time)) return;
    if (active != 0 && !cut_) {
        cut_ = true;
        log::warning("drain timeout: cutting answers that are still under way",
                     {{"requests", active}, {"cure", "--drain-timeout"}});
        for (auto& w : workers_) w->cut_requests();
    }
    // What the cut ones were told is still on its way.
    if (open != 0 && cut_ && spent < options_.drain_timeout + settle_time) return;
    log::info("stopped");
    loop_.stop();
}

/// One listening socket to each worker.
void process::hand_out(const socket_fds& sockets) {
    for (const auto& [key, fds] : sockets) {
        const auto certificates = tls_.find(key);
        for (unsigned i = 0; i < options_.threads; ++i) {
            workers_[i]->add_listener(key, fds[i],
                                      certificates == tls_.end() ? nullptr : certificates->second);
        }
        sockets_.note_served(key);
    }
}

/// Parses, checks, binds, then swaps; anything wrong leaves the running configuration in force and
/// is said in the log, a metric and /readyz?verbose. `dry`: all but the swap.
admin::reload_report process::reload(bool dry) {
    admin::reload_report report;
    report.unix_ms = unix_ms();
    if (!dry) service_manager_->reloading();
    auto loaded = config::load(options_.load);
    auto& found = loaded.found;
    std::string problem = loaded.usage_error;
    std::optional<prepared_runtime> next;
    socket_fds opened;
    tls_sockets tls;
    if (loaded.servable()) {
        next = wiring_->prepare(loaded.value, found, options_.load.pipes);
        if (next && serves_nothing(*next->model))
            problem = "it would serve nothing: no listener would exist";
        if (next && problem.empty()) tls = tls_of(*next->table, tls_, problem);
        // While it drains nothing is opened: what was closed may be somebody else's by now.
        if (next && problem.empty() && !draining_) problem = sockets_.open(*next->table, opened);
        if (!problem.empty()) next.reset();
    } else {
        check_parts(*loaded.value, options_.preset, found, options_.load.pipes);
    }
    report.ok = next.has_value();
    report.found = std::move(found);
    report.version = published_.load()->version;
    if (!report.ok) {
        const auto errors = report.found.count(config::severity::error);
        report.sentence = problem.empty()
                              ? std::to_string(errors) + (errors == 1 ? " error" : " errors")
                              : problem;
        report.sentence += "; the running configuration stays in force";
    }
    if (dry) {
        close_sockets(opened);
        return report;
    }
    if (next) {
        publish(wiring_->commit(std::move(*next)), std::move(tls), opened);
        report.version = published_.load()->version;
        ++reloads_ok_;
        log::info("configuration reloaded", {{"version", report.version}});
        log_findings(report.found);
    } else {
        ++reloads_failed_;
        log::error("configuration not reloaded: " + report.sentence);
        log_findings(report.found);
    }
    service_manager_->ready(report.ok ? "serving" : "not reloaded: " + report.sentence);
    reload_ = report;
    return report;
}

void process::put_in_force(std::shared_ptr<const proxy::runtime> next) {
    proxy::keep_model_names(caps_.models, *next->model);
    published_.publish(std::move(next));
}

void process::publish(std::shared_ptr<const proxy::runtime> next, tls_sockets tls,
                      const socket_fds& opened) {
    const auto left = sockets_.leave(*next->table);
    if (watcher_) watcher_->set_paths(watched_paths(options_.load));
    if (endpoints_watcher_)
        endpoints_watcher_->set_paths(watched_endpoints_files(next->model->pools));
    put_in_force(std::move(next));
    tls_ = std::move(tls);
    hand_out(opened);
    for (const auto& key : left) {
        for (auto& w : workers_) w->remove_listener(key);
    }
    for (const auto& key : sockets_.served()) {
        const auto certificates = tls_.find(key);
        for (auto& w : workers_) {
            w->set_tls(key, certificates == tls_.end() ? nullptr : certificates->second);
        }
    }
    for (auto& w : workers_) w->sweep();
}

void process::tick() {
    for (auto& w : workers_) w->update_counts();
    if (draining_) finish_drain();
    if (!start_said_ &&
        (wiring_->scraper().first_round_done() || steady_clock::now() - started_ > patience)) {
        say_start();
    }
    say_missing_pool();
    tick_.arm(!start_said_ ? short_tick
              : draining_  ? duration(std::chrono::milliseconds(20))
                           : tick_period);
}

void process::say_missing_pool() {
    const auto current = published_.load();
    if (!current || current->model->missing_pool.empty()) return;
    const auto now = loop_.now();
    if (missing_said_ != time_point{} && now - missing_said_ < missing_pool_period) return;
    missing_said_ = now;
    log::warning("Pool is not initialized, skipping refreshing metrics",
                 {{"pool", current->model->missing_pool},
                  {"cure", "--pool-name names a pool that no file defines"}});
}

std::vector<pool_line> process::pool_lines() const {
    std::vector<pool_line> out;
    for (const auto& p : wiring_->pools()) {
        if (p->service) continue;
        pool_line line;
        line.id = p->id;
        line.total = p->endpoints->members().size();
        for (const auto& m : p->endpoints->members()) {
            if (m->health.state == datalayer::endpoint_health::ready) ++line.ready;
            const auto* job = wiring_->scraper().job(m->state->serial);
            if (job == nullptr || job->report().error.empty()) continue;
            line.silent.push_back(m->listed.what.id() + " (" + job->report().error + ")");
        }
        out.push_back(std::move(line));
    }
    return out;
}

void process::say_start() {
    start_said_ = true;
    start_facts facts;
    facts.options = &options_;
    facts.runtime = first_.get();
    facts.findings = &reload_.found;
    facts.skipped = skipped_;
    facts.admin = admin_address_;
    const auto sockets = addresses();
    for (const auto& a : sockets)
        facts.urls.push_back((a.tls ? "https://" : "http://") + a.address);
    if (hint && !sockets.empty()) facts.hint = hint(sockets.front().address);
    facts.pools = pool_lines();
    print_start(facts);
    service_manager_->ready("serving");
    first_.reset();  // a later snapshot is to free what it held
}

int process::explain(const std::string& document, bool as_json) {
    if (const int code = load_first(); code != exit_ok) return code;
    put_in_force(first_);
    struct scraped {
        process& self;
        http::timer again;
        explicit scraped(process& p)
            : self(p),
              again(
                  p.loop_, [](void* s) { static_cast<scraped*>(s)->look(); }, this) {
            look();
        }
        void look() {
            const bool over = steady_clock::now() - self.started_ > scrape_patience;
            if (over || self.wiring_->scraper().first_round_done()) return self.loop_.stop();
            again.arm(short_tick);
        }
    } wait(*this);
    loop_.run();
    const auto answer = admin::explain_once(loop_, *this, document, !as_json);
    log::stop();
    return print_explained(answer.status, answer.body, as_json);
}

}  // namespace weir::app
