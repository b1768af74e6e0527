#include "sim/server.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "http/server.hpp"
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

}  // namespace

struct simulator::impl {
    impl(http::event_loop& loop, const sim_options& options)
        : core(loop, options),
          name(options.name),
          server_limits(limits()),
          back(
              loop, [](void* self) { static_cast<impl*>(self)->listen_again(); }, this) {
        core.on_refuse([this](duration time) { refuse(time); });
    }

    result<void> listen(const http::address& at) {
        const auto fd = http::listen_on(at, false);
        if (!fd) return fd.error();
        servers.push_back(std::make_unique<http::server>(core.loop(), *fd, core, server_limits));
        servers.back()->start();
        return {};
    }

    // The port closes; answers under way end, idle connections at once.
    void refuse(duration time) {
        servers.back()->stop_accepting();
        servers.back()->drain();
        back.arm(time);
    }

    void listen_again() {
        std::erase_if(servers, [](const auto& s) { return s->stats().open == 0; });
        if (const auto bound = listen(where); !bound) {
            log::error("a simulated server cannot listen again",
                       {{"address", where.authority()}, {"reason", bound.error().message()}});
        }
    }

    server_core core;
    std::string name;
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
    impl_->where = impl_->servers.back()->local();
    impl_->core.set_name(impl_->name.empty() ? impl_->where.authority() : impl_->name);
    return {};
}

const http::address& simulator::local() const { return impl_->where; }
const std::string& simulator::name() const { return impl_->core.name(); }

void simulator::drain() {
    impl_->back.cancel();
    for (const auto& s : impl_->servers) {
        s->stop_accepting();
        s->drain();
    }
}

}  // namespace weir::sim
