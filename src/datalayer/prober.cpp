#include "datalayer/prober.hpp"

#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

http::client_options connection_options() {
    http::client_options o;
    o.connect_timeout = prober::connect_limit;
    o.max_idle_per_peer = 0;
    return o;
}

bool mentions_loading(std::string_view text) {
    constexpr std::string_view word = "loading";
    for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
        if (iequals(text.substr(at, word.size()), word)) return true;
    }
    return false;
}

}  // namespace

/// One endpoint's questions. Refers to it by serial only: the pool may have changed meanwhile.
struct prober::probe {
    probe(prober& owner, endpoint_pool& from, std::uint64_t number)
        : pool(from),
          serial(number),
          loop(owner.loop_),
          question(owner.loop_, owner.connections_, number,
                   [this](const fetch::outcome& o) { end(o); }) {}

    void ask(const endpoint_pool::member& m, const engine_mapping* engine) {
        loading_status = engine == nullptr ? 503 : engine->loading_status;
        opens_early = engine != nullptr && engine->opens_early;
        question.start(m.listed.where, engine == nullptr ? "/health" : engine->health_path,
                       fetch::anything);
    }

    void end(const fetch::outcome& o) {
        probe_result result;
        result.status = o.status;
        result.loading_status = loading_status;
        result.says_loading = opens_early || mentions_loading(o.body.substr(0, 4096));
        result.failure = o.failure;
        for (const auto& m : pool.members()) {
            const bool other = m->state->serial != serial;
            if (other && m->health.state == endpoint_health::ready) result.others_ready = true;
        }
        for (const auto& m : pool.members()) {
            if (m->state->serial == serial)
                note_probe({m->state.get(), &m->health}, result, loop.now());
        }
    }

    endpoint_pool& pool;
    const std::uint64_t serial;
    http::event_loop& loop;
    int loading_status = 503;
    bool opens_early = false;
    fetch question;
};

prober::prober(http::event_loop& loop) : loop_(loop), connections_(loop, connection_options()) {}
prober::~prober() = default;

void prober::tick(endpoint_pool& pool, endpoint_pool::member& m, const engine_mapping* engine,
                  bool page_not_loaded) {
    const auto at = probes_.find(m.state->serial);
    if (at != probes_.end() && at->second->question.active()) return;
    const probe_hint hint{page_not_loaded, engine != nullptr && engine->opens_early};
    if (!take_probe({m.state.get(), &m.health}, pool.health(), hint, loop_.now())) return;
    auto& slot = probes_[m.state->serial];
    if (!slot) slot = std::make_unique<probe>(*this, pool, m.state->serial);
    ++sent_;
    slot->ask(m, engine);
}

void prober::forget(const endpoint_pool& pool) {
    std::erase_if(probes_, [&](const auto& p) { return &p.second->pool == &pool; });
}

}  // namespace weir::datalayer
