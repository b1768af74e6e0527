#include "app/wiring.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.hpp"
#include "config/own_sockets.hpp"
#include "config/resolve_codes.hpp"
#include "datalayer/source_tls.hpp"
#include "proxy/parser_claims.hpp"

namespace weir::app {
namespace {

/// A name that nobody answers for does not keep weir from getting ready.
constexpr duration name_patience = std::chrono::seconds(5);
constexpr duration tick_period = std::chrono::milliseconds(50);

/// Defaults that nobody asked about are not news at start-up.
void say(const flowcontrol::log_line& line, bool asked) {
    std::string text = line.message;
    for (const auto& [key, value] : line.fields) text += " " + key + "=" + value;
    if (line.warning) {
        log::warning(text);
    } else {
        log::at(asked ? log::level::info : log::level::debug, text);
    }
}

bool any_set(const flowcontrol::sd_environment& e) {
    return e.queue_depth || e.kv_cache_util || e.metrics_staleness;
}

/// What waits at the gate stays there over reloads. When flow control is switched off, requests of
/// older snapshots still hold the gate and leave by it.
void set_gate(living_pool& p, const config::pool& spec, const config::detector_settings& detector,
              duration scrape_period) {
    if (!p.pipeline->settings().flow_control) {
        p.flow.reset();
        return;
    }
    std::set<int> priorities;
    for (const auto& [name, priority] : spec.objectives) priorities.insert(priority);
    const auto& settings = p.pipeline->settings().flow;
    if (p.flow) {
        p.flow->configure(settings, detector, priorities, scrape_period);
    } else {
        // The label `inference_pool` is the pool's name, as in the picker.
        p.flow = std::make_shared<flowcontrol::gate>(spec.name, settings, detector, priorities,
                                                     scrape_period);
    }
}

/// At start an endpoints file must be right as a whole.
void report(const datalayer::endpoints_file& file, const config::pool& pool,
            config::findings& found) {
    const std::string prefix = "file-discovery: initial load failed: ";
    if (file.source == nullptr && !file.failure.empty()) {
        found.error(config::codes::endpoints_file_missing, prefix + file.failure, pool.at).help =
            "correct the path, or make the file; it may be empty";
    } else if (!file.failure.empty()) {
        found.error(config::codes::bad_endpoints_file, prefix + file.failure, pool.at);
    }
    for (const auto& problem : file.problems) {
        found.error(config::codes::bad_endpoints_file, prefix + problem.text, problem.at);
    }
    if (file.source != nullptr) found.keep(file.source);
}

/// While running such an endpoint is left out of its pool, as from every other source.
void warn_of_own(const datalayer::endpoints_file& file, const config::own_sockets& own,
                 config::findings& found) {
    for (std::size_t i = 0; i < file.endpoints.size(); ++i) {
        const auto& e = file.endpoints[i];
        const auto* l = own.find(e.host, e.ports.front());
        if (l == nullptr) continue;
        const bool v6 = e.host.find(':') != std::string::npos;
        const auto authority =
            (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.ports.front());
        config::warn_of_own_listener(found, authority, *l, file.places[i]);
    }
}

/// While running: an invalid entry is skipped, a file that cannot be read keeps what was. Both are
/// said.
bool usable(const datalayer::endpoints_file& file, const std::string& pool) {
    if (!file.failure.empty()) {
        log::warning("failed to reload endpoints file", {{"pool", pool}, {"error", file.failure}});
        return false;
    }
    for (const auto& problem : file.problems) {
        log::warning("endpoints file: entry skipped", {{"pool", pool}, {"error", problem.text}});
    }
    return true;
}

datalayer::model_source model_source_of(const config::data_layer_settings& settings) {
    datalayer::model_source out;
    for (const auto& s : settings.sources) {
        if (s.type != "models-data-source") continue;
        std::string problem;
        out.tls = datalayer::tls_of(s, problem);
        out.configured = problem.empty();
        if (!problem.empty()) log::warning(problem);
        out.path = s.path;
        out.port = s.port;
        if (s.interval.count() > 0) out.refresh = s.interval;
    }
    return out;
}

datalayer::gpu_source gpu_source_of(const config::data_layer_settings& settings) {
    datalayer::gpu_source out;
    for (const auto& s : settings.sources) {
        if (s.type != "dcgm-data-source") continue;
        std::string problem;
        out.tls = datalayer::tls_of(s, problem);
        if (!problem.empty()) {
            log::warning(problem);
            continue;
        }
        out.path = s.path;
        out.port = s.port;
        if (s.interval.count() > 0) out.interval = s.interval;
        for (const auto& extractor : s.extractors)
            out.keys.push_back("GPUUtilization/" + extractor);
    }
    return out;
}

/// Every address that weir listens on with this model. One on port 0 is not known before its bind,
/// so that nobody can have named it either.
std::vector<http::address> sockets_of(const config::model& model,
                                      const std::optional<http::address>& admin) {
    std::vector<http::address> out;
    if (admin) out.push_back(*admin);
    for (const auto& l : model.listeners) {
        const auto where = http::address::parse(l.bind_address, l.bind_port);
        if (where && l.bind_port != 0) out.push_back(*where);
    }
    return out;
}

}  // namespace

scheduling::preset preset_for(const config::pool& pool, std::optional<scheduling::preset> forced) {
    if (forced) return *forced;
    return pool.has_picker_ref ? scheduling::preset::reference : scheduling::preset::weir;
}

namespace {

using pipelines = std::vector<std::shared_ptr<const scheduling::pipeline>>;

/// Which documents what is wrong was said of already: pools may share one.
class said_documents {
  public:
    bool first(const config::picker_document& picker) {
        return picker.root == nullptr || said_.insert(picker.root.get()).second;
    }

  private:
    std::set<const config::node*> said_;
};

void check_idle(const config::model& model, said_documents& said, config::findings& found) {
    for (const auto& idle : model.idle_pickers) {
        if (idle.root == nullptr || !said.first(idle)) continue;
        scheduling::pipeline::make(idle, scheduling::preset::reference, found);
    }
}

/// The picker of each pool; `running(pool)` is what a pool has now.
template <class Running>
pipelines make_pickers(const config::model& model, std::optional<scheduling::preset> forced,
                       config::findings& found, Running&& running) {
    pipelines made;
    said_documents said;
    for (const auto& pool : model.pools) {
        config::findings again;
        made.push_back(scheduling::pipeline::make(pool.picker, preset_for(pool, forced),
                                                  said.first(pool.picker) ? found : again,
                                                  running(pool)));
    }
    check_idle(model, said, found);
    return made;
}

}  // namespace

void check_parts(const config::model& model, std::optional<scheduling::preset> preset,
                 config::findings& found, config::pipe_rule pipes) {
    // One after the other: a picker takes memory that only one that serves needs. The built-in
    // ones have nothing wrong with them.
    said_documents said;
    for (const auto& pool : model.pools) {
        if (pool.picker.root == nullptr || !said.first(pool.picker)) continue;
        scheduling::pipeline::make(pool.picker, preset_for(pool, preset), found);
    }
    check_idle(model, said, found);
    const config::own_sockets own(model.listeners);
    for (const auto& pool : model.pools) {
        if (pool.endpoints_file.empty()) continue;
        const auto file = datalayer::read_endpoints_file(pool.endpoints_file, pipes);
        report(file, pool, found);
        warn_of_own(file, own, found);
    }
}

wiring::wiring(http::event_loop& loop, wiring_options options)
    : loop_(loop),
      started_(loop.refresh_now()),
      options_(std::move(options)),
      scraper_(loop, {options_.refresh, options_.scrape_cpu, options_.seed}),
      prober_(loop),
      resolver_(loop, [this](const auto& host, const auto& ips) { resolved(host, ips); }),
      tick_(
          loop, [](void* self) { static_cast<wiring*>(self)->tick(); }, this) {
    tick_.arm(tick_period);
}

wiring::~wiring() {
    for (const auto& p : pools_) {
        scraper_.forget(*p->endpoints);
        prober_.forget(*p->endpoints);
    }
}

living_pool* wiring::find(std::string_view id) {
    for (const auto& p : pools_) {
        if (!p->service && p->id == id) return p.get();
    }
    return nullptr;
}

std::shared_ptr<living_pool> wiring::keep(std::string id, bool service,
                                          const std::string& name_space, const std::string& name) {
    for (const auto& p : pools_) {
        if (p->service == service && p->id == id) return p;
    }
    auto made = std::make_shared<living_pool>();
    made->id = std::move(id);
    made->service = service;
    made->serial = next_serial_++;
    made->endpoints = std::make_shared<datalayer::endpoint_pool>(name_space, name);
    made->endpoints->keep_off(own_);
    if (!service) {
        made->models = std::make_unique<datalayer::model_lists>(loop_, *made->endpoints);
        made->gpus = std::make_unique<datalayer::gpu_telemetry>(loop_, *made->endpoints);
    }
    return made;
}

std::optional<prepared_runtime> wiring::prepare(std::shared_ptr<const config::model> model,
                                                config::findings& found, config::pipe_rule pipes) {
    prepared_runtime next;
    next.pipelines = make_pickers(*model, options_.preset, found, [&](const config::pool& spec) {
        const auto* p = find(spec.id());
        return p == nullptr ? nullptr : p->pipeline.get();
    });
    for (const auto& spec : model->pools) {
        auto& p = next.pools.emplace_back(keep(spec.id(), false, spec.name_space, spec.name));
        auto& from_file = next.from_files.emplace_back(std::in_place);
        if (spec.endpoints_file.empty()) continue;
        auto file = datalayer::read_endpoints_file(spec.endpoints_file, pipes);
        // A new file must be right as a whole; of one that is in use already what can be used is.
        const bool fresh = p->endpoints_file != spec.endpoints_file;
        if (fresh) report(file, spec, found);
        if (fresh || usable(file, spec.id())) {
            from_file = std::move(file.endpoints);
        } else {
            from_file.reset();
        }
    }
    if (found.has_errors()) return std::nullopt;
    next.table = gateway::table::compile(model);
    next.model = std::move(model);
    return next;
}

/// Gives one living pool what the new configuration says of it.
void wiring::take_pool(prepared_runtime& next, std::size_t index, proxy::pool_runtime& into) {
    const auto& spec = next.model->pools[index];
    auto& p = *next.pools[index];
    const auto now = loop_.now();
    p.pipeline = std::move(next.pipelines[index]);
    p.catalog = std::make_shared<datalayer::engine_catalog>(p.pipeline->settings().data_layer);
    for (const auto& problem : p.catalog->problems()) log::warning(problem, {{"pool", p.id}});
    p.endpoints->configure(options_.health);
    p.endpoints->set_sources(datalayer::endpoint_origin::config, spec.endpoints, now);
    if (next.from_files[index]) {
        p.endpoints->set_sources(datalayer::endpoint_origin::file, *next.from_files[index], now);
    }
    p.endpoints_file = spec.endpoints_file;
    p.watch_endpoints_file = spec.watch_endpoints_file;
    scraper_.watch(*p.endpoints, p.catalog);
    p.models->configure(model_source_of(p.pipeline->settings().data_layer));
    p.gpus->configure(gpu_source_of(p.pipeline->settings().data_layer));
    auto sd =
        flowcontrol::apply_sd_environment(p.pipeline->settings().detector, options_.environment);
    if (!environment_said_) {
        for (const auto& line : sd.lines) say(line, any_set(options_.environment));
    }
    into.spec = &spec;
    into.serial = p.serial;
    into.view = {p.endpoints, &p.endpoints->views()};
    into.pipeline = p.pipeline;
    into.detector = sd.settings;
    into.claims = proxy::claims_of(p.pipeline->settings().parsers);
    into.models = p.models->board();
    into.id = p.id;
    set_gate(p, spec, sd.settings, options_.refresh);
    into.flow = p.flow;
}

std::shared_ptr<const proxy::runtime> wiring::commit(prepared_runtime next) {
    const auto now = loop_.refresh_now();
    auto made = std::make_shared<proxy::runtime>();
    made->version = ++version_;
    made->model = next.model;
    made->table = std::move(next.table);
    own_->set(sockets_of(*next.model, options_.admin));
    for (std::size_t i = 0; i < next.model->pools.size(); ++i)
        take_pool(next, i, made->pools.emplace_back());
    environment_said_ = environment_said_ || !next.model->pools.empty();
    auto pools = std::move(next.pools);
    for (const auto& spec : next.model->services) {
        auto p = keep(spec.name_space + "/" + spec.name + ":" + std::to_string(spec.port), true,
                      spec.name_space, spec.name);
        p->endpoints->configure(options_.health);
        p->endpoints->set_sources(datalayer::endpoint_origin::config, spec.endpoints, now);
        proxy::service_runtime r;
        r.spec = &spec;
        r.serial = p->serial;
        r.view = {p->endpoints, &p->endpoints->views()};
        r.id = p->id;
        made->services.push_back(std::move(r));
        pools.push_back(std::move(p));
    }
    for (const auto& old : pools_) {
        if (std::find(pools.begin(), pools.end(), old) != pools.end()) continue;
        scraper_.forget(*old->endpoints);
        prober_.forget(*old->endpoints);
    }
    pools_ = std::move(pools);
    tick();
    return made;
}

std::vector<admin::name_facts> wiring::names() const {
    std::set<std::string> all;
    for (const auto& p : pools_) all.merge(p->endpoints->host_names());
    std::vector<admin::name_facts> out;
    for (const auto& name : all) {
        const auto* record = resolver_.record(name);
        if (record == nullptr) {
            out.push_back({name, {}, {}});
        } else {
            out.push_back({name, record->addresses(), record->error()});
        }
    }
    return out;
}

void wiring::read_endpoints_files() {
    for (const auto& p : pools_) {
        if (p->endpoints_file.empty() || !p->watch_endpoints_file) continue;
        auto file = datalayer::read_endpoints_file(p->endpoints_file, config::pipe_rule::refuse);
        if (!usable(file, p->id)) continue;
        p->endpoints->set_sources(datalayer::endpoint_origin::file, std::move(file.endpoints),
                                  loop_.refresh_now());
    }
    tick();
}

void wiring::resolved(const std::string& host, const std::vector<std::string>& ips) {
    for (const auto& p : pools_) {
        if (p->endpoints->host_names().contains(host))
            p->endpoints->set_addresses(host, ips, loop_.now());
    }
    scrape();
}

void wiring::scrape() {
    const bool waited = loop_.now() - started_ > name_patience;
    scraper_.tick(waited || resolver_.first_round_done());
}

void wiring::judge_endpoints() {
    for (const auto& p : pools_) p->endpoints->step_health(loop_.now());
}

void wiring::tick() {
    const auto now = loop_.now();
    std::set<std::string> names;
    for (const auto& p : pools_) {
        p->endpoints->step_health(now);
        for (const auto& m : p->endpoints->members()) {
            const auto* job = scraper_.job(m->state->serial);
            if (job != nullptr) p->endpoints->note_sleep(*m, job->asleep(), now);
            prober_.tick(*p->endpoints, *m, job == nullptr ? nullptr : job->engine(),
                         job != nullptr && job->page_not_loaded());
        }
        names.merge(p->endpoints->host_names());
        if (!p->models) continue;
        if (!p->models->wanted() && scraper_.models_may_differ(*p->endpoints)) {
            p->models->board()->want();
        }
        p->models->tick();
        p->gpus->tick();
    }
    resolver_.set_hosts(names);
    scrape();
    tick_.arm(tick_period);
}

}  // namespace weir::app
