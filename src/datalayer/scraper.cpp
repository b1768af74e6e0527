#include "datalayer/scraper.hpp"

#include <algorithm>
#include <cstdio>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr duration first_step = std::chrono::microseconds(200);
constexpr duration shortest_sleep = std::chrono::milliseconds(100);

http::client_options connection_options() {
    http::client_options o;
    o.connect_timeout = scrape_job::time_limit;
    o.max_idle_per_peer = 1;
    return o;
}

std::string cores(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", v);
    return text;
}

void write(const silence_log::line& silent) {
    const auto& [who, url, reason] = silent.first;
    if (silent.more == 0) {
        log::warning("the metrics of an endpoint cannot be read",
                     {{"endpoint", who}, {"url", url}, {"reason", reason}});
        return;
    }
    log::warning("the metrics of " + std::to_string(silent.more + 1) + " endpoints cannot be read",
                 {{"first", who}, {"url", url}, {"reason", reason}, {"all", "/v1/endpoints"}});
}

duration part(duration d, double share) {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(d) * share);
}

}  // namespace

scraper::scraper(http::event_loop& loop, const scraper_options& options)
    : context_{loop,
               {loop, connection_options()},
               scrape_pace(options.interval, options.cpu),
               {},
               {},
               {},
               random_source(options.seed),
               {},
               0,
               {}},
      suspended_(options.suspended) {
    traffic_at_ = settled_at_ = loop.now();
    slept_ = suspended_();
    context_.on_all_tried = [this] { note_round(); };
    if (options.interval >= scrape_pace::shortest) return;
    log::warning("--refresh-metrics-interval is taken for the shortest that is possible",
                 {{"asked", format_go_duration(options.interval)},
                  {"period", format_go_duration(scrape_pace::shortest)}});
}

scraper::~scraper() = default;

void scraper::watch(endpoint_pool& pool, std::shared_ptr<const engine_catalog> catalog) {
    auto at =
        std::find_if(pools_.begin(), pools_.end(), [&](const auto& w) { return w->pool == &pool; });
    if (at == pools_.end()) {
        pools_.push_back(std::make_unique<watched>());
        at = std::prev(pools_.end());
        (*at)->pool = &pool;
    }
    pool.add_attributes(catalog->attribute_keys());
    auto& known = (*at)->catalog;
    if (!known || !known->same_as(*catalog)) known = std::move(catalog);
    follow(**at);
}

void scraper::forget(const endpoint_pool& pool) {
    std::erase_if(pools_, [&](const auto& w) { return w->pool == &pool; });
}

/// Makes the jobs those of the pool's endpoints. New ones start one after the other: at once where
/// they are few, spread over a period where they are many.
void scraper::follow(watched& w) {
    w.version = w.pool->version();
    std::unordered_map<std::uint64_t, std::unique_ptr<scrape_job>> jobs;
    std::vector<scrape_job*> fresh;
    for (const auto& m : w.pool->members()) {
        auto at = w.jobs.find(m->state->serial);
        if (at != w.jobs.end()) {
            at->second->update(*m, w.catalog);
            jobs.insert(w.jobs.extract(at));
            continue;
        }
        auto job = std::make_unique<scrape_job>(context_, *w.pool, *m, w.catalog);
        m->state->staleness_floor.store(job->staleness_floor(), relaxed);
        m->state->scraped_changed();
        fresh.push_back(job.get());
        jobs.emplace(m->state->serial, std::move(job));
    }
    w.jobs = std::move(jobs);
    const auto step = std::min<duration>(
        first_step, context_.pace.floor() / static_cast<std::int64_t>(fresh.size() + 1));
    for (std::size_t i = 0; i < fresh.size(); ++i)
        fresh[i]->schedule(step * static_cast<std::int64_t>(i));
}

void scraper::tick(bool all_known) {
    const auto now = context_.loop.now();
    notice_suspend();
    for (const auto& w : pools_) {
        if (w->version != w->pool->version()) follow(*w);
    }
    const bool active = traffic(now);
    if (active != context_.pace.active() || now - settled_at_ >= std::chrono::seconds(1))
        settle_pace(now);
    if (const auto silent = context_.silent.take(now)) write(*silent);
    all_known_ = all_known;
    note_round();
}

/// The clock of ages stood still while the machine slept: what is known is older than it says.
void scraper::notice_suspend() {
    const auto slept = suspended_() - slept_;
    if (slept < shortest_sleep) return;
    slept_ += slept;
    for (const auto& w : pools_) {
        for (const auto& [serial, job] : w->jobs) {
            job->age(slept);
            if (job->until_due() > context_.pace.floor())
                job->schedule(part(context_.pace.floor(), context_.random.unit()));
        }
    }
}

/// The first round is over once no endpoint is still to come from a name and all were tried.
void scraper::note_round() {
    if (all_known_ && context_.untried == 0)
        first_round_done_.store(true, std::memory_order_release);
}

/// Whether requests came a moment ago or are under way: only then can a value change a decision.
bool scraper::traffic(time_point now) {
    std::uint64_t picks = 0;
    bool inflight = false;
    for (const auto& w : pools_) {
        for (const auto& m : w->pool->members()) {
            picks += m->state->picks.load(relaxed);
            inflight = inflight || m->state->inflight_requests.load(relaxed) != 0;
        }
    }
    if (picks != picks_ || inflight) traffic_at_ = now;
    picks_ = picks;
    return now - traffic_at_ < traffic_memory;
}

void scraper::settle_pace(time_point now) {
    auto& pace = context_.pace;
    const auto before = pace.period();
    pace.settle(endpoints(), now - traffic_at_ < traffic_memory);
    settled_at_ = now;
    if (pace.period() > before) publish_floor();
    if (pace.period() < before / 2) spread();
    if (!pace.limited() || limit_said_) return;
    limit_said_ = true;
    log::info("metrics are read less often than asked for, to stay within --scrape-cpu",
              {{"endpoints", static_cast<std::uint64_t>(endpoints())},
               {"scrape_cpu", cores(pace.cpu())},
               {"wanted_cpu", cores(pace.wanted_cpu(endpoints()))},
               {"asked", format_go_duration(pace.floor())},
               {"period", format_go_duration(std::chrono::floor<std::chrono::milliseconds>(
                              before > pace.period() ? before : pace.period()))}});
}

/// Before data gets older than it used to: it is not stale for that.
void scraper::publish_floor() {
    for (const auto& w : pools_) {
        for (const auto& m : w->pool->members()) {
            const auto at = w->jobs.find(m->state->serial);
            if (at == w->jobs.end()) continue;
            m->state->staleness_floor.store(at->second->staleness_floor(), relaxed);
            m->state->scraped_changed();
        }
    }
}

/// The pace picked up: whatever was due later than a period from now becomes due within one.
void scraper::spread() {
    const auto period = context_.pace.period();
    for (const auto& w : pools_) {
        for (const auto& [serial, job] : w->jobs) {
            if (job->until_due() > period) job->schedule(part(period, context_.random.unit()));
        }
    }
}

const scrape_job* scraper::job(std::uint64_t serial) const {
    for (const auto& w : pools_) {
        if (const auto at = w->jobs.find(serial); at != w->jobs.end()) return at->second.get();
    }
    return nullptr;
}

bool scraper::models_may_differ(const endpoint_pool& pool) const {
    if (pool.members().size() < 2) return false;
    std::string_view first;
    for (const auto& m : pool.members()) {
        const auto* j = job(m->state->serial);
        if (j == nullptr || j->engine() == nullptr) continue;
        if (j->engine()->model_label.empty()) return true;
        if (first.empty()) first = j->model_name();
        if (!j->model_name().empty() && j->model_name() != first) return true;
    }
    return false;
}

std::size_t scraper::endpoints() const {
    std::size_t n = 0;
    for (const auto& w : pools_) n += w->jobs.size();
    return n;
}

}  // namespace weir::datalayer
