#include "sim/server.hpp"

#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "http/server.hpp"
#include "sim/dialect.hpp"
#include "sim/server_core.hpp"

namespace weir::sim {
namespace {

// A model server is patient with its clients; keep-alive as vLLM's web server has it.
http::server_limits limits() {
    http::server_limits l;
    l.idle_timeout = std::chrono::seconds(5);
    l.body_min_rate = 0;
    return l;
}

/// How long connects are refused at first.
duration closed_time(const sim_options& o) {
    return opens_early(o.engine) ? duration::zero() : o.startup_delay;
}

/// Who answers has loaded its model, unless the engine opens its port before.
sim_options without_closed_time(sim_options o) {
    o.startup_delay -= closed_time(o);
    return o;
}

}  // namespace

struct simulator::impl {
    impl(http::event_loop& loop, const sim_options& options)
        : core(loop, without_closed_time(options)),
          name(options.name),
          closed(closed_time(options)),
          server_limits(limits()),
          back(
              loop, [](void* self) { static_cast<impl*>(self)->listen_again(); }, this) {
        core.on_refuse([this](duration time) { refuse(time); });
    }

    ~impl() { free_port(); }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    result<void> listen(const http::address& at) {
        const bool open = closed == duration::zero();
        const auto fd = open ? http::listen_on(at, false) : http::bind_to(at, false);
        if (!fd) return fd.error();
        where = at;
        where.set_port(http::local_port(*fd));
        if (open) {
            serve(*fd);
        } else {
            reserved = *fd;
            back.arm(closed);
        }
        return {};
    }

    void serve(int fd) {
        servers.push_back(std::make_unique<http::server>(core.loop(), fd, core, server_limits));
        servers.back()->start();
    }

    // The port closes, and nobody else gets it; answers under way end, idle connections at once.
    void refuse(duration time) {
        servers.back()->stop_accepting();
        servers.back()->drain();
        if (reserved < 0) {
            if (const auto fd = http::bind_to(where, false)) reserved = *fd;
        }
        back.arm(time);
    }

    void listen_again() {
        std::erase_if(servers, [](const auto& s) { return s->stats().open == 0; });
        const auto listening = http::start_listening(reserved);
        if (listening) return serve(std::exchange(reserved, -1));
        log::error("a simulated server cannot listen again",
                   {{"address", where.authority()}, {"reason", listening.error().message()}});
    }

    void free_port() {
        if (reserved >= 0) ::close(std::exchange(reserved, -1));
    }

    server_core core;
    std::string name;
    const duration closed;  ///< how long connects are refused at first
    int reserved = -1;      ///< holds the port while connects are refused
    http::server_limits server_limits;
    http::address where;
    std::vector<std::unique_ptr<http::server>> servers;  ///< the last one listens
    http::timer back;
};

simulator::simulator(http::event_loop& loop, const sim_options& options)
    : impl_(std::make_unique<impl>(loop, options)) {}

simulator::~simulator() = default;

result<void> simulator::listen(const http::address& where) {
    if (const auto bound = impl_->listen(where); !bound) return bound;
    impl_->core.set_name(impl_->name.empty() ? impl_->where.authority() : impl_->name);
    return {};
}

const http::address& simulator::local() const { return impl_->where; }
const std::string& simulator::name() const { return impl_->core.name(); }

void simulator::drain() {
    impl_->back.cancel();
    impl_->free_port();
    for (const auto& s : impl_->servers) {
        s->stop_accepting();
        s->drain();
    }
}

}  // namespace weir::sim
