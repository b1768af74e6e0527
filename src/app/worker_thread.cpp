#include "app/worker_thread.hpp"

#include <pthread.h>
#include <unistd.h>

namespace weir::app {

worker_thread::worker_thread(const snapshot<proxy::runtime>& source,
                             const proxy::proxy_settings& settings,
                             const http::server_limits& limits, const http::client_options& client,
                             proxy::label_caps& caps, std::uint64_t seed, std::uint32_t number,
                             proxy::access_log* log)
    : limits_(limits), proxy_(loop_, source, settings, client, caps, seed, number, log) {}

worker_thread::~worker_thread() { stop(); }

void worker_thread::join(const std::vector<std::unique_ptr<worker_thread>>& all,
                         std::uint32_t most) {
    all_ = &all;
    share_.most = most;
}

/// The kernel spreads connections by a hash of their addresses, which leaves few and long ones
/// uneven. A fresh one goes to the least busy worker when this one has clearly more.
bool worker_thread::hand_over(const socket_key& key, int fd, const http::address& peer) {
    const auto open_at = [](const worker_thread& w) {
        return w.share_.open.load(std::memory_order_relaxed);
    };
    auto* least = this;
    for (const auto& w : *all_) {
        if (open_at(*w) < open_at(*least)) least = w.get();
    }
    const auto fewest = open_at(*least);
    if (open_at(*this) <= fewest + 1 + fewest / 8) return false;
    // Counted at once: the next one must not follow it blindly.
    least->share_.open.fetch_add(1, std::memory_order_relaxed);
    least->loop_.post([least, key, fd, peer] { least->take_over(key, fd, peer); });
    return true;
}

void worker_thread::take_over(const socket_key& key, int fd, const http::address& peer) {
    const auto at = listeners_.find(key);
    if (at == listeners_.end()) {
        ::close(fd);  // the listener has left meanwhile
    } else {
        at->second->server.adopt(fd, peer);
    }
    share_.open.fetch_sub(1, std::memory_order_relaxed);
}

void worker_thread::start() {
    thread_ = std::thread([this] {
        const auto name = "weir/" + std::to_string(proxy_.number);
        pthread_setname_np(pthread_self(), name.c_str());
        loop_.run();
    });
}

void worker_thread::stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] {
        for (auto& [key, l] : listeners_) l->server.abort_all();
        for (auto& l : leaving_) l->server.abort_all();
    });
    loop_.stop();
    thread_.join();
}

void worker_thread::add_listener(const socket_key& key, int fd,
                                 std::shared_ptr<const http::tls_context> tls) {
    loop_.post([this, key, fd, tls = std::move(tls)] {
        auto& at = listeners_[key];
        at = std::make_unique<listener>(proxy_, key, fd, loop_, limits_);
        at->server.set_tls(tls);
        http::server::hand_over elsewhere;
        if (all_ != nullptr && all_->size() > 1) {
            elsewhere = [this, key](int socket, const http::address& peer) {
                return hand_over(key, socket, peer);
            };
        }
        at->server.join(share_, std::move(elsewhere));
        at->server.start();
    });
}

void worker_thread::set_tls(const socket_key& key, std::shared_ptr<const http::tls_context> tls) {
    loop_.post([this, key, tls = std::move(tls)] {
        const auto at = listeners_.find(key);
        if (at != listeners_.end()) at->second->server.set_tls(tls);
    });
}

void worker_thread::remove_listener(const socket_key& key) {
    loop_.post([this, key] {
        const auto at = listeners_.find(key);
        if (at == listeners_.end()) return;
        at->second->server.stop_accepting();
        at->second->server.drain();
        leaving_.push_back(std::move(at->second));
        listeners_.erase(at);
    });
}

void worker_thread::sweep() {
    loop_.post([this] {
        proxy_.sweep();
        std::erase_if(leaving_, [](const auto& l) { return l->server.stats().open == 0; });
    });
}

void worker_thread::drain() {
    loop_.post([this] {
        proxy_.flows.close();
        for (auto& [key, l] : listeners_) {
            l->server.stop_accepting();
            l->server.drain();
        }
    });
}

void worker_thread::cut_requests() {
    loop_.post([this] { proxy_.cut_all(); });
}

std::vector<proxy::decision_record> worker_thread::copy_decisions(std::size_t limit,
                                                                  const std::string& request_id) {
    return proxy_.ring.copy(limit, request_id);
}

void worker_thread::update_counts() {
    loop_.post([this] {
        std::uint64_t open = 0;
        std::uint64_t total = 0;
        std::uint64_t pauses = 0;
        for (const auto& [key, l] : listeners_) {
            open += l->server.stats().open;
            total += l->server.stats().accepted;
            pauses += l->server.stats().pauses;
        }
        for (const auto& l : leaving_) open += l->server.stats().open;
        open_connections = open;
        accepted = total;
        accept_pauses = pauses;
        active_requests = proxy_.active;
        upstream_open = proxy_.clients.open();
        upstream_idle = proxy_.clients.idle();
    });
}

}  // namespace weir::app
