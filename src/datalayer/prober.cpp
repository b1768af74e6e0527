#include "datalayer/prober.hpp"

namespace weir::datalayer {
namespace {

http::client_options connection_options() {
    http::client_options o;
    o.connect_timeout = prober::connect_limit;
    o.max_idle_per_peer = 0;
    return o;
}

}  // namespace

/// One question and its answer. Refers to its endpoint by serial only: the pool may have changed
/// meanwhile.
struct prober::probe final : http::call_owner {
    probe(prober& owner, endpoint_pool& from, const endpoint_pool::member& m,
          const engine_mapping* engine)
        : pool(from),
          serial(m.state->serial),
          loop(owner.loop_),
          loading_status(engine == nullptr ? 503 : engine->loading_status),
          deadline(owner.loop_, &probe::on_deadline, this) {
        const std::string path = engine == nullptr ? "/health" : engine->health_path;
        request = "GET " + path + " HTTP/1.1\r\nHost: " + m.listed.where.authority() +
                  "\r\nUser-Agent: weir\r\nConnection: close\r\n\r\n";
    }

    void on_head(const http::response_head& head) override { end(head.status, {}); }
    void on_data(std::span<char>) override {}
    void on_complete() override {}
    void on_failure(const http::call_failure& why) override {
        end(0, why.what == http::call_error::connect_refused ? "connection refused" : why.detail);
    }
    static void on_deadline(void* self) {
        auto& p = *static_cast<probe*>(self);
        p.end(0, "no answer after 5s");
    }

    void end(int status, std::string_view failure) {
        if (ended) return;
        ended = true;
        deadline.cancel();
        for (const auto& m : pool.members()) {
            if (m->state->serial == serial) {
                note_probe({m->state.get(), &m->health}, status, loading_status, failure,
                           loop.now());
            }
        }
        if (call.active()) call.cancel();
    }

    endpoint_pool& pool;
    const std::uint64_t serial;
    http::event_loop& loop;
    const int loading_status;
    std::string request;
    http::timer deadline;
    http::call call;
    bool ended = false;
};

prober::prober(http::event_loop& loop) : loop_(loop), connections_(loop, connection_options()) {}
prober::~prober() = default;

void prober::tick(endpoint_pool& pool, endpoint_pool::member& m, const engine_mapping* engine) {
    if (m.health.state != endpoint_health::down) return;
    auto& slot = probes_[m.state->serial];
    if (slot && !slot->ended) return;
    if (!take_probe(m.health, pool.health(), loop_.now())) return;
    slot = std::make_unique<probe>(*this, pool, m, engine);
    ++sent_;
    slot->deadline.arm(time_limit);
    const std::string_view pieces[] = {slot->request};
    connections_.start(slot->call, *slot, m.state->serial, m.listed.where, "GET", pieces, true);
}

void prober::forget(const endpoint_pool& pool) {
    std::erase_if(probes_, [&](const auto& p) { return !p.second || &p.second->pool == &pool; });
}

}  // namespace weir::datalayer
