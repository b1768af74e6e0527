#include "proxy/worker.hpp"

#include <array>
#include <cstring>

#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

/// "000102…ff"
constexpr auto hex_pairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 512> out{};
    for (std::size_t i = 0; i < 256; ++i) {
        out[2 * i] = digits[i / 16];
        out[2 * i + 1] = digits[i % 16];
    }
    return out;
}();

}  // namespace

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
      flows(*this),
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

std::int64_t worker::wall_ms() {
    const auto now = loop.now();
    if (now >= wall_known_until_) {
        wall_offset_ = std::chrono::system_clock::now().time_since_epoch() - now.time_since_epoch();
        wall_known_until_ = now + std::chrono::seconds(1);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch() +
                                                                 wall_offset_)
        .count();
}

/// A random UUID (RFC 9562, version 4).
void worker::make_request_id(std::string& out) {
    constexpr std::array<std::size_t, 16> places = {0,  2,  4,  6,  9,  11, 14, 16,
                                                    19, 21, 24, 26, 28, 30, 32, 34};
    std::array<std::uint64_t, 2> bits = {random(), random()};
    std::array<unsigned char, 16> bytes;
    std::memcpy(bytes.data(), bits.data(), bytes.size());
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
    out.assign(36, '-');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::memcpy(out.data() + places[i], &hex_pairs[bytes[i] * std::size_t{2}], 2);
    }
}

}  // namespace weir::proxy
