#include "sim/server.hpp"

#include <optional>

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
        : core(loop, options), name(options.name), server_limits(limits()) {}

    server_core core;
    std::string name;
    http::server_limits server_limits;
    http::address where;
    std::optional<http::server> server;
};

simulator::simulator(http::event_loop& loop, const sim_options& options)
    : impl_(std::make_unique<impl>(loop, options)) {}

simulator::~simulator() = default;

result<void> simulator::listen(const http::address& where) {
    const auto fd = http::listen_on(where, false);
    if (!fd) return fd.error();
    impl_->server.emplace(impl_->core.loop(), *fd, impl_->core, impl_->server_limits);
    impl_->where = impl_->server->local();
    impl_->core.set_name(impl_->name.empty() ? impl_->where.authority() : impl_->name);
    impl_->server->start();
    return {};
}

const http::address& simulator::local() const { return impl_->where; }
const std::string& simulator::name() const { return impl_->core.name(); }

void simulator::drain() {
    if (!impl_->server) return;
    impl_->server->stop_accepting();
    impl_->server->drain();
}

}  // namespace weir::sim
