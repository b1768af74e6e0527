#include "http/client.hpp"

#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/client_connection.hpp"

namespace weir::http {

struct client_pool::impl final : connection_keeper {
    impl(event_loop& loop, const client_options& options) : context{loop, options, {}, 0} {}

    ~impl() {
        while (!live.empty()) (*live.begin())->close();
        for (auto* c : graveyard) delete c;
    }

    struct idle_list {
        client_connection* first = nullptr;
        std::size_t count = 0;
    };

    void keep(client_connection& c) override {
        auto& list = idle[c.peer_key()];
        if (list.count >= context.options.max_idle_per_peer) {
            c.close();
            return;
        }
        c.idle_previous = nullptr;
        c.idle_next = list.first;
        if (list.first != nullptr) list.first->idle_previous = &c;
        list.first = &c;
        ++list.count;
        ++idle_count;
        c.in_idle_list = true;
    }

    client_connection* take(std::uint64_t peer_key) {
        const auto at = idle.find(peer_key);
        if (at == idle.end() || at->second.first == nullptr) return nullptr;
        auto* c = at->second.first;
        unlink(*c);
        return c;
    }

    void unlink(client_connection& c) {
        auto& list = idle[c.peer_key()];
        if (c.idle_previous != nullptr) {
            c.idle_previous->idle_next = c.idle_next;
        } else {
            list.first = c.idle_next;
        }
        if (c.idle_next != nullptr) c.idle_next->idle_previous = c.idle_previous;
        c.idle_previous = c.idle_next = nullptr;
        --list.count;
        --idle_count;
        c.in_idle_list = false;
    }

    void discard(client_connection& c) override {
        if (c.in_idle_list) unlink(c);
        live.erase(&c);
        graveyard.push_back(&c);
        // The connection may be on the call stack: it goes after this batch of events.
        if (graveyard.size() == 1) {
            context.loop.defer([still = alive, this] {
                if (!*still) return;
                for (auto* dead : graveyard) delete dead;
                graveyard.clear();
            });
        }
    }

    client_context context;
    std::unordered_map<std::uint64_t, idle_list> idle;
    std::unordered_set<client_connection*> live;
    std::vector<client_connection*> graveyard;
    std::size_t idle_count = 0;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

bool call::reused() const { return connection_ != nullptr && connection_->reused(); }

bool call::received() const { return connection_ != nullptr && connection_->received(); }

bool call::sent_all() const { return connection_ == nullptr || connection_->sent_all(); }

void call::pause() {
    if (connection_ != nullptr) connection_->set_paused(true);
}

void call::resume() {
    if (connection_ != nullptr) connection_->set_paused(false);
}

bool call::write(std::string_view bytes) {
    return connection_ == nullptr || connection_->write(bytes);
}

void call::cancel() {
    if (auto* c = std::exchange(connection_, nullptr)) c->abandon();
}

client_pool::client_pool(event_loop& loop, const client_options& options)
    : impl_(std::make_unique<impl>(loop, options)) {}

client_pool::~client_pool() { *impl_->alive = false; }

void client_pool::start(call& c, call_owner& owner, std::uint64_t peer_key, const address& peer,
                        std::string_view method, std::span<const std::string_view> pieces,
                        bool fresh, const tls_client* tls) {
    client_connection* connection = fresh ? nullptr : impl_->take(peer_key);
    if (connection != nullptr) {
        c.connection_ = connection;
        connection->begin(c, owner, method, pieces);
        return;
    }
    connection = new client_connection(impl_->context, *impl_, peer_key);
    impl_->live.insert(connection);
    c.connection_ = connection;
    connection->begin(c, owner, method, pieces);
    connection->connect(peer, tls);
}

void client_pool::close_idle(std::uint64_t peer_key) {
    while (auto* c = impl_->take(peer_key)) c->close();
}

void client_pool::close_all_idle() {
    for (auto& [key, list] : impl_->idle) {
        while (auto* c = impl_->take(key)) c->close();
    }
}

std::size_t client_pool::idle() const { return impl_->idle_count; }
std::size_t client_pool::open() const { return impl_->context.open; }

}  // namespace weir::http
