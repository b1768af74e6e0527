#include "proxy/flow_waits.hpp"

#include <utility>
#include <vector>

#include "proxy/transaction.hpp"
#include "proxy/worker.hpp"

namespace weir::proxy {
namespace {

/// llm-d-router turns its dispatcher every millisecond; this is the loop's own resolution.
constexpr duration tick_period = http::event_loop::tick;

flowcontrol::stage_levels level_of(const pool_runtime& pool, const datalayer::pool_view& view,
                                   const pool_slot& slot) {
    return flowcontrol::detect_stages(pool.detector, slot.signals, view.endpoints, slot.candidates);
}

}  // namespace

flow_waits::flow_waits(worker& w) : worker_(w), tick_(w.loop, &flow_waits::on_tick, this) {}

flowcontrol::outcome flow_waits::arrive(const std::shared_ptr<flow_ticket>& ticket,
                                        const pin<runtime>& config, const pool_runtime& pool,
                                        const datalayer::pool_view& view, const pool_slot& slot) {
    flowcontrol::released gone;
    const auto level = level_of(pool, view, slot);
    const auto verdict = pool.flow->arrive(ticket, level, worker_.loop.now(), gone);
    if (verdict == flowcontrol::outcome::queued) {
        auto& w = watched_[pool.flow.get()];
        if (w.waiting++ == 0) {
            w.config = config;
            w.pool = &pool;
        }
        if (!tick_.armed()) tick_.arm(tick_period);
    }
    wake(gone);
    return verdict;
}

void flow_waits::leave(flow_ticket& ticket) {
    ticket.owner = nullptr;
    ticket.gate->cancel(ticket, worker_.loop.now());
    done(ticket);
}

void flow_waits::ended(flow_ticket& ticket) {
    ticket.owner = nullptr;
    ticket.gate->ended(ticket, worker_.loop.now());
}

void flow_waits::turn(const pool_runtime& pool) {
    if (!pool.flow || pool.flow->idle()) return;
    auto& slot = worker_.slot(pool.serial, *pool.view);
    const auto view = slot.view.get();
    slot.read(*view, worker_.loop.now());
    flowcontrol::released gone;
    pool.flow->cycle(level_of(pool, *view, slot), worker_.loop.now(), gone);
    wake(gone);
}

void flow_waits::confirmed(const pool_runtime& pool) {
    pool.flow->confirm();
    if (pool.detector.kind == config::detector_kind::concurrency) turn(pool);
}

void flow_waits::close() {
    flowcontrol::released gone;
    for (auto& [gate, w] : watched_) w.pool->flow->close(worker_.loop.now(), gone);
    wake(gone);
}

void flow_waits::on_tick(void* self) {
    auto& waits = *static_cast<flow_waits*>(self);
    std::vector<watched> all;
    for (const auto& [gate, w] : waits.watched_) all.push_back(w);
    for (const auto& w : all) waits.turn(*w.pool);
    if (!waits.watched_.empty()) waits.tick_.arm(tick_period);
}

/// Each runs on its own worker, after what is on the stack now.
void flow_waits::wake(flowcontrol::released& gone) {
    const auto tell = [this](flowcontrol::item_ptr& item, auto what) {
        auto ticket = std::static_pointer_cast<flow_ticket>(std::move(item));
        auto* home = ticket->home;
        auto say = [ticket = std::move(ticket), what] { what(*ticket); };
        if (home == &worker_.loop) {
            home->defer(std::move(say));
        } else {
            home->post(std::move(say));
        }
    };
    for (auto& [item, how] : gone.items) {
        tell(item, [end = how](flow_ticket& ticket) {
            if (ticket.owner != nullptr) {
                ticket.owner->turn_came(end);
            } else if (end == flowcontrol::outcome::dispatched) {
                ticket.gate->confirm();
            }
        });
    }
    for (auto& item : gone.revoked) {
        tell(item, [](flow_ticket& ticket) {
            if (ticket.owner != nullptr) ticket.owner->evict();
        });
    }
}

void flow_waits::done(const flow_ticket& ticket) {
    const auto at = watched_.find(ticket.gate.get());
    if (at != watched_.end() && --at->second.waiting == 0) watched_.erase(at);
}

}  // namespace weir::proxy
