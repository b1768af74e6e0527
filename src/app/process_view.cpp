// What the process tells the admin API.
#include <algorithm>
#include <utility>

#include "app/banner.hpp"
#include "app/process.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "base/metric_help.hpp"
#include "datalayer/pool_metrics.hpp"

namespace weir::app {

std::vector<admin::readiness_check> process::readiness() const {
    std::vector<admin::readiness_check> out;
    const auto current = published_.load();
    out.push_back(
        {"configuration", current != nullptr,
         current ? "version " + std::to_string(current->version) : std::string("not loaded")});
    const auto sockets = sockets_.served().size();
    out.push_back({"listeners", !workers_.empty(),
                   std::to_string(sockets) + (sockets == 1 ? " socket" : " sockets")});
    out.push_back(
        {"first-scrape", wiring_->scraper().first_round_done(), "every endpoint tried once"});
    const bool found = current && current->model->missing_pool.empty();
    out.push_back({"pool", found,
                   found || !current ? std::string()
                                     : "Pool is not initialized: no file defines " +
                                           current->model->missing_pool});
    out.push_back({"not-draining", !draining_, draining_ ? "draining" : ""});
    out.push_back({"last-reload", reload_.ok, reload_.sentence, false});
    return out;
}

std::vector<admin::pool_facts> process::pools() const {
    std::vector<admin::pool_facts> out;
    const auto current = published_.load();
    for (const auto& p : wiring_->pools()) {
        admin::pool_facts f;
        f.id = p->id;
        // What workers noted since the last tick: an endpoint they took for down is shown as down.
        p->endpoints->step_health(loop_.now());
        f.endpoints = p->endpoints.get();
        if (!p->service && current) {
            for (const auto& r : current->pools) {
                if (r.serial == p->serial) f.runtime = &r;
            }
        }
        out.push_back(std::move(f));
    }
    return out;
}

std::vector<admin::data_address> process::addresses() const {
    std::vector<admin::data_address> out;
    const auto current = published_.load();
    for (const auto& key : sockets_.served()) {
        admin::data_address a;
        a.address = sockets_.authority(key);
        for (const auto& l : current->model->listeners) {
            if (l.bind_address != key.first || l.bind_port != key.second) continue;
            a.tls = l.protocol == config::listener_protocol::https;
            a.gateways += (a.gateways.empty() ? "" : ", ") + l.gateway + "/" + l.name;
        }
        out.push_back(std::move(a));
    }
    return out;
}

void process::collect(metrics::exposition& out) const {
    for (const auto& w : workers_) {
        w->numbers().collect(out);
        const metrics::labels labels = {{"worker", std::to_string(w->proxy().number)}};
        out.gauge("weir_connections_open", "Client connections.", labels,
                  static_cast<double>(w->open_connections));
        out.counter("weir_connections_accepted_total", "Client connections accepted.", labels,
                    static_cast<double>(w->accepted));
        out.counter("weir_accept_pauses_total", "Times that accepting rested: no descriptor left.",
                    labels, static_cast<double>(w->accept_pauses));
        out.gauge("weir_requests_active", "Requests under way.", labels,
                  static_cast<double>(w->active_requests));
        out.gauge("weir_upstream_connections_open", "Connections to endpoints.", labels,
                  static_cast<double>(w->upstream_open));
        out.gauge("weir_upstream_connections_idle", "Idle connections to endpoints.", labels,
                  static_cast<double>(w->upstream_idle));
    }
    pool_metrics_->collect(out);
    for (const auto& p : wiring_->pools()) {
        if (p->flow) p->flow->collect(out);
        if (p->pipeline) p->pipeline->collect(out);
    }
    out.counter("weir_config_reloads_total", "Reloads of the configuration, by result.",
                {{"result", "success"}}, static_cast<double>(reloads_ok_));
    out.counter("weir_config_reloads_total", "Reloads of the configuration, by result.",
                {{"result", "failure"}}, static_cast<double>(reloads_failed_));
    out.gauge("weir_config_last_reload_successful",
              "1 when the last load of the configuration was good.", {}, reload_.ok ? 1 : 0);
    out.gauge("weir_config_version", "Number of the snapshot in force.", {},
              static_cast<double>(reload_.version));
    out.gauge("weir_uptime_seconds", "Since the start.", {}, uptime_seconds());
    out.counter("weir_access_log_dropped_total",
                "Access-log lines dropped because the sink was slow.", {},
                access_log_ ? static_cast<double>(access_log_->dropped()) : 0);
    out.gauge("llm_d_epp_info", metrics::alpha("Build."),
              {{"commit", commit}, {"build_ref", version}}, 1);
    out.gauge("inference_extension_info", metrics::deprecated("llm_d_epp_info", "Build."),
              {{"commit", commit}, {"build_ref", version}}, 1);
}

proxy::traffic_sums process::traffic() const {
    proxy::traffic_sums out;
    for (const auto& w : workers_) w->numbers().add_to(out);
    return out;
}

double process::uptime_seconds() const {
    return std::chrono::duration<double>(steady_clock::now() - started_).count();
}

std::string process::build_commit() const { return commit; }

std::string process::command_line() const { return describe_source(options_); }

/// Each worker copies what is asked for on its own thread; the last one to answer calls `done`
/// here.
void process::decisions(std::size_t limit, std::string request_id,
                        std::function<void(std::vector<proxy::decision_record>)> done) {
    struct gathering {
        std::vector<proxy::decision_record> all;
        std::size_t waiting = 0;
        std::function<void(std::vector<proxy::decision_record>)> done;
    };
    auto g = std::make_shared<gathering>();
    g->waiting = workers_.size();
    g->done = std::move(done);
    for (auto& w : workers_) {
        w->loop().post([this, g, limit, request_id, worker = w.get()] {
            auto part = worker->copy_decisions(limit, request_id);
            loop_.post([g, limit, part = std::move(part)]() mutable {
                for (auto& r : part) g->all.push_back(std::move(r));
                if (--g->waiting != 0) return;
                // Stable: within a millisecond a worker's own order is all there is.
                std::stable_sort(g->all.begin(), g->all.end(), [](const auto& a, const auto& b) {
                    return a.wall_ms > b.wall_ms;
                });
                if (g->all.size() > limit) g->all.resize(limit);
                g->done(std::move(g->all));
            });
        });
    }
}

bool process::add_endpoint(std::string_view pool, config::endpoint_source source) {
    auto* p = wiring_->find(pool);
    if (p == nullptr) return false;
    p->endpoints->admin_add(std::move(source), loop_.now());
    return true;
}

bool process::remove_endpoint(std::string_view pool, std::string_view id) {
    auto* p = wiring_->find(pool);
    return p != nullptr && p->endpoints->admin_remove(id, loop_.now());
}

bool process::drain_endpoint(std::string_view pool, std::string_view id, bool draining) {
    auto* p = wiring_->find(pool);
    return p != nullptr && p->endpoints->admin_drain(id, draining, loop_.now());
}

}  // namespace weir::app
