#include "proxy/worker.hpp"

#include <array>

#include "proxy/transaction.hpp"

namespace weir::proxy {

worker::worker(http::event_loop& l, const snapshot<runtime>& source, const proxy_settings& s,
               const http::client_options& client, label_caps& caps, std::uint64_t seed,
               std::uint32_t n, access_log* access)
    : loop(l),
      current(source),
      settings(s),
      clients(l, client),
      random(seed),
      numbers(caps),
      mirrors(l, clients, numbers),
      ring(s.ring_bytes),
      log(access),
      number(n) {}

worker::~worker() = default;

pool_slot& worker::slot(std::uint64_t serial, const snapshot<datalayer::pool_view>& source) {
    if (serial == last_serial_ && last_slot_ != nullptr) return *last_slot_;
    auto& at = slots_[serial];
    if (!at) at = std::make_unique<pool_slot>(source);
    last_serial_ = serial;
    last_slot_ = at.get();
    return *at;
}

void worker::sweep() {
    const auto now = current.get();
    if (!now) return;
    std::erase_if(slots_, [&](const auto& entry) {
        for (const auto& p : now->pools) {
            if (p.serial == entry.first) return false;
        }
        for (const auto& s : now->services) {
            if (s.serial == entry.first) return false;
        }
        return true;
    });
    last_slot_ = nullptr;
    last_serial_ = 0;
}

transaction& worker::take() {
    if (free_.empty()) {
        all_.push_back(std::make_unique<transaction>(*this));
        return *all_.back();
    }
    auto* t = free_.back();
    free_.pop_back();
    return *t;
}

void worker::give(transaction& t) { free_.push_back(&t); }

void worker::cut_all() {
    for (std::size_t i = 0; i < all_.size(); ++i) all_[i]->cut();
}

/// A random UUID (RFC 9562, version 4).
std::string worker::make_request_id() {
    static constexpr char hex[] = "0123456789abcdef";
    const std::array<std::uint64_t, 2> bits = {random(), random()};
    std::string out(36, '-');
    std::size_t at = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) ++at;
        auto digit = static_cast<unsigned>(bits[i / 16] >> (4 * (i % 16)) & 15);
        if (i == 12) digit = 4;
        if (i == 16) digit = 8 | (digit & 3);
        out[at++] = hex[digit];
    }
    return out;
}

}  // namespace weir::proxy
