// GET /v1/endpoints: what is known of each.
#include <cmath>

#include "admin/page.hpp"
#include "base/json.hpp"

namespace weir::admin {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

double seconds_between(time_point from, time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

double milliseconds(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

void write_texts(json_writer& w, std::string_view name, const std::vector<std::string>& all) {
    w.key(name).begin_array();
    for (const auto& s : all) w.value(s);
    w.end_array();
}

void write_lora(json_writer& w, const lora_state* lora) {
    w.key("lora");
    if (lora == nullptr) {
        w.null();
        return;
    }
    w.begin_object();
    write_texts(w, "active", lora->active);
    write_texts(w, "waiting", lora->waiting);
    w.field("maxActive", lora->max_active).end_object();
}

void write_attributes(json_writer& w, const datalayer::endpoint_state& s,
                      const std::vector<std::string>& keys) {
    w.key("attributes").begin_object();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const double value = s.attributes.values[i].load(relaxed);
        w.key(keys[i]);
        if (std::isnan(value)) {
            w.null();
        } else {
            w.value(value);
        }
    }
    w.end_object();
}

/// What pages said. Null is "never told", which is not zero.
void write_signals(json_writer& w, const datalayer::endpoint_state& s,
                   const datalayer::scrape_job* job, const std::vector<std::string>& attributes,
                   double stale_after, time_point now) {
    using datalayer::signal;
    const auto updated = s.updated_ns.load(relaxed);
    const double limit = std::max(stale_after, s.staleness_floor.load(relaxed));
    const auto told = [&](std::string_view name, signal what, const std::atomic<double>& value) {
        w.key(name);
        if (updated != 0 && (job == nullptr || job->knows(what))) {
            w.value(value.load(relaxed));
        } else {
            w.null();
        }
    };
    w.key("signals").begin_object();
    told("waiting", signal::waiting, s.waiting);
    told("running", signal::running, s.running);
    told("kvUsage", signal::kv_usage, s.kv_usage);
    w.key("ageSeconds");
    if (updated == 0) {
        w.null().field("stale", true);
    } else {
        const double age = std::max(0.0, seconds_between(from_ns(updated), now));
        w.value(age).field("stale", age > limit);
    }
    w.field("staleAfterSeconds", limit);
    w.field("blockSize", s.block_size.load(relaxed)).field("blocks", s.block_count.load(relaxed));
    const auto report = job != nullptr ? job->report() : datalayer::scrape_report{};
    if (report.capacity > 0) w.field(report.capacity_of, report.capacity);
    write_lora(w, s.lora.load(std::memory_order_acquire));
    write_attributes(w, s, attributes);
    w.end_object();
}

void write_scrape(json_writer& w, const datalayer::scrape_job* job) {
    w.key("scrape");
    if (job == nullptr) {
        w.null();
        return;
    }
    const auto report = job->report();
    w.begin_object().field("engine", report.engine).field("url", report.url);
    w.field("error", report.error).field("scrapes", report.scrapes).field("failed", report.failed);
    w.field("frozen", report.frozen).field("kvClamped", report.kv_clamped);
    w.key("missing").begin_array();
    for (const auto& m : report.missing) {
        w.begin_object().field("signal", datalayer::to_string(m.what)).field("family", m.wanted);
        w.field("nearest", m.nearest).end_object();
    }
    w.end_array().end_object();
}

/// The models that the endpoint listed; null when it was not asked or did not tell.
void write_models(json_writer& w, const datalayer::model_view* lists, std::uint64_t serial) {
    w.key("models");
    if (lists == nullptr || !std::binary_search(lists->known.begin(), lists->known.end(), serial)) {
        w.null();
        return;
    }
    w.begin_array();
    for (const auto& [model, who] : lists->serials) {
        if (std::binary_search(who.begin(), who.end(), serial)) w.value(model);
    }
    w.end_array();
}

void write_identity(json_writer& w, const pool_facts& f,
                    const datalayer::endpoint_pool::member& m) {
    const auto& e = m.listed.what;
    w.field("pool", f.id).field("id", e.id()).field("name", e.name);
    w.field("namespace", e.name_space).field("address", e.authority()).field("rank", e.rank);
    w.field("source", datalayer::to_string(m.listed.origin));
    w.key("labels").begin_object();
    for (const auto& [k, v] : e.labels) w.field(k, v);
    w.end_object();
}

struct moment {
    time_point now;
    std::int64_t unix_ms;
};

void write_health(json_writer& w, const datalayer::endpoint_pool::member& m, const moment& at) {
    const auto& h = m.health;
    const double since = std::max(0.0, seconds_between(h.since, at.now));
    w.field("state", datalayer::to_string(h.state)).field("reason", h.why);
    w.field("since", rfc3339(at.unix_ms - static_cast<std::int64_t>(since * 1000)));
    w.field("sinceSeconds", since);
    w.field("ready", h.state == datalayer::endpoint_health::ready);
    w.field("sourceReady", h.source_ready).field("draining", h.draining);
    w.field("ejections", h.ejections);
}

void write_counts(json_writer& w, const datalayer::endpoint_state& s) {
    w.field("inFlight", s.inflight_requests.load(relaxed));
    w.field("inFlightTokens", s.inflight_tokens.load(relaxed));
    w.field("picks", s.picks.load(relaxed)).field("failures", s.failures.load(relaxed));
    w.field("connectFailures", s.connect_failures.load(relaxed));
    w.field("serverErrors", s.server_errors.load(relaxed));
    w.field("slowStart", s.returned_ns.load(relaxed) != 0);
}

void write_pace(json_writer& w, const datalayer::scraper& scraper) {
    const auto& pace = scraper.pace();
    const auto& counts = scraper.counters();
    w.key("scraping").begin_object();
    w.field("intervalMs", milliseconds(pace.floor()))
        .field("periodMs", milliseconds(pace.period()));
    w.field("limited", pace.limited()).field("active", pace.active());
    w.field("cpuLimit", pace.cpu()).field("cpuWanted", pace.wanted_cpu(scraper.endpoints()));
    w.field("endpoints", static_cast<std::uint64_t>(scraper.endpoints()));
    w.field("scrapes", counts.scrapes).field("bytes", counts.bytes);
    w.key("errors").begin_object();
    for (std::size_t i = 0; i < counts.errors.size(); ++i) {
        if (counts.errors[i] == 0) continue;
        w.field(datalayer::to_string(static_cast<datalayer::scrape_error>(i)), counts.errors[i]);
    }
    w.end_object().end_object();
}

void write_names(json_writer& w, const std::vector<name_facts>& names) {
    w.key("names").begin_array();
    for (const auto& n : names) {
        w.begin_object().field("name", n.name);
        write_texts(w, "addresses", n.addresses);
        w.field("error", n.error).end_object();
    }
    w.end_array();
}

}  // namespace

void show_endpoints(surroundings& s, const asked& a, const answer_fn& answer) {
    const moment at{s.loop.now(), unix_ms_now()};
    std::string only;
    const bool filtered = a.parameter("pool", only);
    only = with_namespace(std::move(only));
    json_writer w;
    w.begin_object().field("apiVersion", "v1").key("endpoints").begin_array();
    for (const auto& f : s.about.pools()) {
        if (f.endpoints == nullptr || (filtered && f.id != only)) continue;
        const auto view = f.endpoints->views().load();  // keeps what `lora` points to
        const auto lists = f.runtime != nullptr && f.runtime->models != nullptr
                               ? f.runtime->models->views().load()
                               : nullptr;
        const double stale_after =
            f.runtime == nullptr ? 0.2 : f.runtime->detector.staleness_seconds();
        for (const auto& m : f.endpoints->members()) {
            w.begin_object();
            write_identity(w, f, *m);
            write_health(w, *m, at);
            const auto* job = s.about.scraper().job(m->state->serial);
            write_signals(w, *m->state, job, view->attribute_keys, stale_after, at.now);
            write_counts(w, *m->state);
            write_models(w, lists.get(), m->state->serial);
            write_scrape(w, job);
            w.end_object();
        }
    }
    w.end_array();
    write_names(w, s.about.names());
    write_pace(w, s.about.scraper());
    w.field("time", rfc3339(at.unix_ms)).end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

}  // namespace weir::admin
